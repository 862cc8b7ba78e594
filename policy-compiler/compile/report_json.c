/* report_json.c — a report as JSON, in the reference's structure
 *
 * Member names are the reference's, which mixes two spellings. Groups and members without content are left out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/report.h"

#include "model/load.h"
#include "value/json_out.h"

static void text_member(struct jw *w, const char *name, str text)
{
    jw_key(w, str_from_c(name));
    jw_string(w, text);
}

static void position(struct jw *w, const struct report_entry *entry)
{
    if (entry->place.line == 0) {
        return;
    }
    jw_key(w, S("position"));
    jw_object(w);
    jw_key(w, S("line"));
    jw_int(w, entry->place.line);
    jw_key(w, S("column"));
    jw_int(w, entry->place.column);
    if (entry->diag->ref_path.len > 0) {
        text_member(w, "path", entry->diag->ref_path);
    }
    jw_object_end(w);
}

static void context(struct jw *w, const struct report_entry *entry)
{
    if (entry->context.len > 0) {
        text_member(w, "context", entry->context);
    }
}

/* ---- one entry of each group ------------------------------------------------------------------ */

static void load_failure(struct jw *w, const struct report_entry *entry)
{
    uint8_t group = entry->diag->class->group;
    text_member(w, "file", entry->file);
    text_member(w, "error", entry->text);
    jw_key(w, S("error_details"));
    jw_object(w);
    if (group == LINT_LOAD_PARSE || group == LINT_LOAD_VALIDATION) {
        jw_key(w, S("kind"));
        jw_int(w, group == LINT_LOAD_PARSE ? 1 : 2);
    }
    position(w, entry);
    text_member(w, "message", entry->text);
    context(w, entry);
    jw_object_end(w);
}

static void missing_import(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "importing_file", entry->file);
    text_member(w, "desc", entry->diag->args[3]);
    text_member(w, "importing_policy", entry->diag->args[0]);
    text_member(w, "import_kind", entry->diag->args[1]);
    text_member(w, "import_name", entry->diag->args[2]);
    position(w, entry);
    context(w, entry);
}

static void missing_scope(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "missing_policy", entry->diag->args[0]);
    jw_key(w, S("descendants"));
    jw_array(w);
    for (str rest = entry->diag->args[1]; rest.len > 0;) {
        str key;
        (void)str_cut(rest, '\n', &key, &rest);
        jw_string(w, key);
    }
    jw_array_end(w);
}

static void duplicate(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "file", entry->file);
    text_member(w, "other_file", entry->diag->args[0]);
    text_member(w, "policy", entry->diag->args[1]);
    position(w, entry);
}

static void disabled(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "file", entry->file);
    text_member(w, "policy", entry->diag->args[0]);
    position(w, entry);
}

static void scope_permissions(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "scope", entry->diag->args[0]);
}

static void compile_error(struct jw *w, const struct report_entry *entry)
{
    text_member(w, "file", entry->file);
    text_member(w, "error", str_from_c(entry->diag->class->kind));
    text_member(w, "description", entry->text);
    position(w, entry);
    context(w, entry);
}

/* ---- the report -------------------------------------------------------------------------------- */

static void write_group(struct jw *w, const char *name, const struct report_list *group,
                        void (*write)(struct jw *, const struct report_entry *))
{
    if (group->list.len == 0) {
        return;
    }
    jw_key(w, str_from_c(name));
    jw_array(w);
    for (isize i = 0; i < group->list.len; i++) {
        jw_object(w);
        write(w, &group->list.ptr[i]);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static bool compiling_failed(const struct report *report)
{
    return report->groups[REPORT_COMPILE_ERRORS].list.len > 0;
}

void report_json(const struct report *report, struct sb *out)
{
    struct jw w = jw_new(out, 2);
    const struct report_list *groups = report->groups;
    jw_object(&w);
    jw_key(&w, compiling_failed(report) ? S("compileErrors") : S("lintErrors"));
    jw_object(&w);
    if (compiling_failed(report)) {
        write_group(&w, "errors", &groups[REPORT_COMPILE_ERRORS], compile_error);
    } else {
        write_group(&w, "duplicate_defs", &groups[REPORT_DUPLICATES], duplicate);
        write_group(&w, "load_failures", &groups[REPORT_LOAD_FAILURES], load_failure);
        write_group(&w, "missing_imports", &groups[REPORT_MISSING_IMPORTS], missing_import);
        write_group(&w, "disabled_defs", &groups[REPORT_DISABLED], disabled);
        write_group(&w, "missing_scope_details", &groups[REPORT_MISSING_SCOPES], missing_scope);
        write_group(&w, "scope_permissions_conflicts", &groups[REPORT_SCOPE_PERMISSIONS],
                    scope_permissions);
    }
    jw_object_end(&w);
    jw_object_end(&w);
    sb_byte(out, '\n');
}
