/* validate_scalar.c — keywords for strings and numbers
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"
#include "base/utf8.h"
#include "schema/text.h"
#include "schema/validate_priv.h"

/* ---- strings ---- */
static bool refuse_length(struct visit *visit, const char *keyword, const char *relation,
                          int64_t limit, isize length)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "length must be %s %lld, but got %lld", relation, (long long)limit,
                  (long long)length);
    }
    return complain_with(visit, keyword, &sb);
}

static bool check_pattern(struct visit *visit, const struct pattern *pattern)
{
    struct run *run = visit->run;
    if (!pay(run, visit->v.len / 16)) {
        return false;
    }
    int found = cel_regex_match(pattern->regex, run->thread, run->arena, v_str(visit->v));
    if (found < 0) {
        return stop(run, S("validation was stopped: a pattern takes too much memory"));
    }
    struct sb sb;
    if (found == 0 && message_begin(visit, &sb) != NULL) {
        sb_add(&sb, S("does not match pattern "));
        text_quote(&sb, pattern->text, '\'');
        return complain_with(visit, "pattern", &sb);
    }
    return found > 0;
}

static bool refuse_encoding(struct visit *visit, const struct content *content)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "value is not %.*s encoded", STR_ARG(content->encoding));
    }
    return complain_with(visit, "contentEncoding", &sb);
}

static bool refuse_media_type(struct visit *visit, const struct content *content)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_add(&sb, S("value is not of mediatype "));
        text_quote(&sb, content->media_type, '\'');
    }
    return complain_with(visit, "contentMediaType", &sb);
}

static bool is_json(struct arena *arena, str text)
{
    str why;
    struct arena_mark mark = arena_mark(arena);
    bool ok = schema_json_read(arena, text, JSON_TAIL_NONE, &why).kind != V_NONE;
    arena_reset(arena, mark);
    return ok;
}

static bool check_content_schema(struct visit *visit, const struct content *content, str text)
{
    str why;
    struct value inner = schema_json_read(visit->run->arena, text, JSON_TAIL_ANY, &why);
    if (inner.kind == V_NONE) {
        return complain(visit, "contentSchema", S("value is not valid json"));
    }
    return visit_below(visit, content->node, step_plain("contentSchema"), inner, visit->place);
}

/* An encoding that is not known hides what is below it. */
static bool check_content(struct visit *visit, const struct content *content)
{
    str text = v_str(visit->v);
    bool ok = true;
    if ((!content->base64 && !content->json) || !pay(visit->run, text.len / 16)) {
        return visit->run->stopped.len == 0;
    }
    if (content->base64) {
        if (!b64_decode(visit->run->arena, text, B64_STANDARD, true, true, true, &text)) {
            return refuse_encoding(visit, content);
        }
    } else if (content->encoding.len > 0) {
        return true;
    }
    if (content->json && !is_json(visit->run->arena, text)) {
        ok = refuse_media_type(visit, content);
    }
    if (content->node != NULL) {
        ok = check_content_schema(visit, content, text) && ok;
    }
    return ok;
}

bool check_string(struct visit *visit, const struct check *check)
{
    switch ((enum check_kind)check->kind) {
    case CHECK_MIN_LENGTH: {
        isize length = utf8_count(v_str(visit->v));
        return length >= check->count ||
               refuse_length(visit, "minLength", ">=", check->count, length);
    }
    case CHECK_MAX_LENGTH: {
        isize length = utf8_count(v_str(visit->v));
        return length <= check->count ||
               refuse_length(visit, "maxLength", "<=", check->count, length);
    }
    case CHECK_PATTERN:
        return check_pattern(visit, check->pattern);
    case CHECK_CONTENT:
        return check_content(visit, check->content);
    default:
        return true;
    }
}

/* ---- numbers ---- */
static void add_double(struct sb *out, double d)
{
    number_text(out, v_double(d));
}

static bool refuse_bound(struct visit *visit, const char *keyword, const char *relation,
                         const struct bound *bound)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "must be %s ", relation);
        add_double(&sb, bound->d);
        sb_add(&sb, S(" but found "));
        number_text(&sb, visit->v);
    }
    return complain_with(visit, keyword, &sb);
}

static bool refuse_multiple(struct visit *visit, const struct divisor *divisor)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        number_text(&sb, visit->v);
        sb_add(&sb, S(" not multipleOf "));
        add_double(&sb, divisor->d);
    }
    return complain_with(visit, "multipleOf", &sb);
}

bool check_number(struct visit *visit, const struct check *check)
{
    if (check->kind == CHECK_MULTIPLE_OF) {
        return divisor_divides(check->divisor, visit->v) || refuse_multiple(visit, check->divisor);
    }
    int sign = bound_compare(visit->v, check->bound);
    switch ((enum check_kind)check->kind) {
    case CHECK_MINIMUM:
        return sign >= 0 || refuse_bound(visit, "minimum", ">=", check->bound);
    case CHECK_EXCLUSIVE_MINIMUM:
        return sign > 0 || refuse_bound(visit, "exclusiveMinimum", ">", check->bound);
    case CHECK_MAXIMUM:
        return sign <= 0 || refuse_bound(visit, "maximum", "<=", check->bound);
    case CHECK_EXCLUSIVE_MAXIMUM:
        return sign < 0 || refuse_bound(visit, "exclusiveMaximum", "<", check->bound);
    default:
        return true;
    }
}
