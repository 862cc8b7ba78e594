/* test_cel_parse.c — trees, literals, syntax errors, limits, and printing trees back
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/unparse.h"
#include "support/cel.h"
#include "support/unit.h"

static struct ast *parse(str text, unsigned flags, struct cel_issues *issues)
{
    *issues = (struct cel_issues){ .arena = issues->arena };
    return cel_parse(issues->arena, text, flags, issues);
}

/* The tree as text, or the messages of the issues. */
static str shown(struct arena *arena, str text, unsigned flags)
{
    struct cel_issues issues = { .arena = arena };
    struct ast *root = parse(text, flags, &issues);
    struct sb sb = sb_new(arena);
    if (root != NULL) {
        ck_assert_int_eq(issues.list.len, 0);
        ast_text(&sb, root);
    }
    for (isize i = 0; i < issues.list.len; i++) {
        sb_add(&sb, i > 0 ? S(" | ") : STR_EMPTY);
        sb_add(&sb, issues.list.ptr[i].text);
    }
    return sb_str(&sb);
}

/* ---- trees ---- */

static const struct {
    const char *text, *tree;
} trees[] = {
    { "1", "1" },
    { "a.b.c", "(select (select a b) c)" },
    { ".a.b", "(select .a b)" },
    { "a.`x-y/z`", "(select a x-y/z)" },
    { "a[1][b]", "(call _[_] (call _[_] a 1) b)" },
    { "f()", "(call f)" },
    { ".f(1, x,y)", "(call .f 1 x y)" },
    { "a.f(1).g", "(select (member f a 1) g)" },
    { "a . b ( 1 )", "(member b a 1)" },
    { "R.attr.if.for", "(select (select (select R attr) if) for)" },
    { "a.while()", "(member while a)" },
    /* precedence and associativity */
    { "1 + 2 * 3", "(call _+_ 1 (call _*_ 2 3))" },
    { "(1 + 2) * 3", "(call _*_ (call _+_ 1 2) 3)" },
    { "1 - 2 - 3", "(call _-_ (call _-_ 1 2) 3)" },
    { "1 - 2 * 3 / 4 % 5 + 6",
      "(call _+_ (call _-_ 1 (call _%_ (call _/_ (call _*_ 2 3) 4) 5)) 6)" },
    { "1 < 2 == true", "(call _==_ (call _<_ 1 2) true)" },
    { "1 in [1] in [true]", "(call @in (call @in 1 (list 1)) (list true))" },
    { "a && b || c && d", "(call _||_ (call _&&_ a b) (call _&&_ c d))" },
    { "a ? b : c ? d : e", "(call _?_:_ a b (call _?_:_ c d e))" },
    { "a ? b || c : d", "(call _?_:_ a (call _||_ b c) d)" },
    { "a || b ? c : d", "(call _?_:_ (call _||_ a b) c d)" },
    /* chains are one call, but what stands in parentheses is not taken apart */
    { "a && b && c", "(call _&&_ a b c)" },
    { "(a && b) && c", "(call _&&_ (call _&&_ a b) c)" },
    { "a || (b || c)", "(call _||_ a (call _||_ b c))" },
    /* signs */
    { "--x", "x" },
    { "---x", "(call -_ x)" },
    { "!!x", "x" },
    { "!!!x", "(call !_ x)" },
    { "-1", "-1" },
    { "- 1", "-1" },
    { "--1", "1" },
    { "-(1)", "(call -_ 1)" },
    { "-(-1)", "(call -_ -1)" },
    { "-1u", "(call -_ 1u)" },
    { "2--3", "(call _-_ 2 -3)" },
    { "2-3", "(call _-_ 2 3)" },
    { "-a.b", "(call -_ (select a b))" },
    { "-\"ab\".size()", "(call -_ (member size \"ab\"))" },
    { "-1.f()", "(member f -1)" },
    { "!a.b()", "(call !_ (member b a))" },
    { "!-2", "(call !_ -2)" },
    /* lists, maps, messages */
    { "[]", "(list)" },
    { "[,]", "(list)" },
    { "[1, 2,]", "(list 1 2)" },
    { "{,}", "(map)" },
    { "{'a': 1, b: 2,}", "(map (\"a\" 1) (b 2))" },
    { "[?a, b]", "(list ?a b)" },
    { "{?'a': b}", "(map (?\"a\" b))" },
    { "a.b.C{}", "(struct a.b.C)" },
    { ".C{x: 1, ?`y-z`: 2,}", "(struct .C (x 1) (?y-z 2))" },
    { "C{,}", "(struct C)" },
    { "a . b {}", "(struct a.b)" },
    /* optional selection */
    { "a.?b.c", "(select (select? a b) c)" },
    { "a[?b]", "(call _[?_] a b)" },
    { "a ? .b : c", "(call _?_:_ a .b c)" },
    { "a ? [b] : c", "(call _?_:_ a (list b) c)" },
    /* comments and white space */
    { "a // b\n + c", "(call _+_ a c)" },
    { "\t\r\n\f a", "a" },
};

START_TEST(one_tree)
{
    expect_str(shown(unit_arena(), str_from_c(trees[_i].text), 0), trees[_i].tree);
}
END_TEST

/* ---- literals ---- */

static const struct {
    const char *text, *tree;
} literals[] = {
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "0x7fffffffffffffff", "9223372036854775807" },
    { "-0x8000000000000000", "-9223372036854775808" },
    { "007", "7" },
    { "0xFFu", "255u" },
    { "18446744073709551615U", "18446744073709551615u" },
    { "1.5", "1.5" },
    { ".5", "0.5" },
    { "-.5", "-0.5" },
    { "1e3", "1000.0" },
    { "1.e3", "(select 1 e3)" },
    { "1e-400", "0.0" },
    { "'a\"b'", "\"a\\\"b\"" },
    { "'''a'b\nc'''", "\"a'b\\nc\"" },
    { "\"\"\"\"a\"\"\"", "\"\\\"a\"" },
    { "''''''", "\"\"" },
    { "r'\\d'", "\"\\\\d\"" },
    { "R\"\\\"", "\"\\\\\"" },
    { "'a\\x41\\101\\u0042\\U00000043'", "\"aAABC\"" },
    { "'\\377'", "\"\u00ff\"" },
    { "'\\a\\b\\f\\n\\r\\t\\v' == '\\?\\`'", "(call _==_ \"\\a\\b\\f\\n\\r\\t\\v\" \"?`\")" },
    { "'''a\r\nb\rc'''", "\"a\\nb\\nc\"" },
    { "r'''a\r\nb'''", "\"a\\nb\"" },
    { "b'a\\xff\\377'", "b\"a\\xff\\xff\"" },
    { "bR'\\x'", "b\"\\\\x\"" },
    { "b'\u00e9'", "b\"\\xc3\\xa9\"" },
    { "rb'x'", "Syntax error: extraneous input ''x'' expecting <EOF>" },
    { "9223372036854775808", "invalid int literal" },
    { "-(9223372036854775808)", "invalid int literal" },
    { "0x8000000000000000", "invalid int literal" },
    { "0x1ffffffffffffffff", "invalid int literal" },
    { "18446744073709551616u", "invalid uint literal" },
    { "1e999", "invalid double literal" },
    { "'\\ud800'", "invalid unicode code point" },
    { "'\\U00110000'", "invalid unicode code point" },
    { "b'\\u0041'", "unable to unescape string" },
    { "for + 1", "reserved identifier: for" },
    { "if(1)", "reserved identifier: if" },
    { "[var, 99999999999999999999]", "reserved identifier: var | invalid int literal" },
};

START_TEST(literal)
{
    expect_str(shown(unit_arena(), str_from_c(literals[_i].text), 0), literals[_i].tree);
}
END_TEST

/* ---- macros ---- */

static const struct {
    const char *text, *tree;
} macros[] = {
    { "has(a.b.c)", "(has (select a b) c)" },
    { "x.all(i, i > 0)", "(all x i (call _>_ i 0))" },
    { "x.exists(k, v, v)", "(exists x k v v)" },
    { "x.exists_one(i, i)", "(exists_one x i i)" },
    { "x.existsOne(i, j, i)", "(existsOne x i j i)" },
    { "x.existsOne(i, i)", "(member existsOne x i i)" },
    { "x.map(i, i)", "(map x i i)" },
    { "x.map(i, p, i)", "(map x i if p i)" },
    { "x.filter(i, p)", "(filter x i if p i)" },
    { "x.transformList(i, v, v)", "(transformList x i v v)" },
    { "x.transformMap(i, v, p, v)", "(transformMap x i v if p v)" },
    { "x.transformMapEntry(i, v, e)", "(transformMapEntry x i v e)" },
    { "x.sortBy(i, -i)", "(sortBy x i (call -_ i))" },
    { "cel.bind(v, i, b)", "(bind v i b)" },
    { "x.bind(v, i, b)", "(member bind x v i b)" },
    { "math.greatest(1)", "(call math.@max 1)" },
    { "math.least(a, b)", "(call math.@min a b)" },
    { "math.least(a, b, c)", "(call math.@min (list a b c))" },
    { "x.greatest(a)", "(member greatest x a)" },
    { "x.optMap(v, v)",
      "(bind @optMap x (call _?_:_ (member hasValue @optMap) (member of optional (bind v (member "
      "value @optMap) v)) (member none optional)))" },
    { "x.optFlatMap(v, v)",
      "(bind @optFlatMap x (call _?_:_ (member hasValue @optFlatMap) (bind v (member value "
      "@optFlatMap) v) (member none optional)))" },
    { "all(x, y)", "(call all x y)" },
    { ".has(a.b)", "(call .has (select a b))" },
    { "has(a)", "invalid argument to has() macro" },
    { "has(a.?b)", "invalid argument to has() macro" },
    { "x.all(1, y)", "argument must be a simple name" },
    { "x.all(a.b, y)", "argument must be a simple name" },
    { "x.map(1, y)", "argument is not an identifier" },
    { "x.all(i, i, y)", "duplicate variable name: i" },
    { "x.map(__result__, 1)", "iteration variable overwrites accumulator variable" },
    { "cel.bind(1, 2, 3)", "cel.bind() variable names must be simple identifiers" },
    { "x.optMap(1, 2)", "optMap() variable name must be a simple identifier" },
    { "'a'.sortBy(x, x)", "sortBy can only be applied to a list, identifier, comprehension, call "
                          "or select expression" },
    { "math.greatest()", "math.greatest() requires at least one argument" },
    { "math.least('a')", "math.least() invalid single argument value" },
    { "math.least([])", "math.least() invalid single argument value" },
    { "math.greatest(1, 'a')", "math.greatest() simple literal arguments must be numeric" },
};

START_TEST(macro)
{
    expect_str(shown(unit_arena(), str_from_c(macros[_i].text), 0), macros[_i].tree);
}
END_TEST

START_TEST(macros_of_tests)
{
    struct arena *arena = unit_arena();
    expect_str(shown(arena, S("x.map(i, i)"), CEL_NO_MACROS), "(member map x i i)");
    expect_str(shown(arena, S("cel.block([1, cel.index(0)], cel.index(1))"), 0),
               "(member block cel (list 1 (member index cel 0)) (member index cel 1))");
    expect_str(shown(arena, S("cel.block([1, cel.index(0)], cel.index(1))"), CEL_TEST_MACROS),
               "(bind @index0 1 (bind @index1 @index0 @index1))");
    expect_str(shown(arena, S("x.all(cel.iterVar(0, 1), cel.iterVar(0, 1))"), CEL_TEST_MACROS),
               "(all x @it:0:1 @it:0:1)");
}
END_TEST

/* ---- syntax errors: place, wording for people, remedy ---- */

static const struct {
    const char *text;
    uint32_t start, end;
    const char *better, *help;
} faults[] = {
    { "", 0, 0, "the expression ends where a value is expected", "" },
    { "1 +", 3, 3, "the expression ends where a value is expected", "" },
    { "(1", 2, 2, "the expression ends where the closing `)` is expected", "" },
    { "f(1 2)", 4, 5, "found `2` where `,` or the closing `)` is expected", "" },
    { "[1 2]", 3, 4, "found `2` where `,` or the closing `]` is expected", "" },
    { "{1}", 2, 3, "found `}` where `:` and the entry's value is expected", "" },
    { "f(1,)", 4, 5, "found `)` where a value is expected", "" },
    { "a.1", 1, 3, "found `.1` where an operator or the end is expected", "" },
    { "a.", 2, 2, "the expression ends where a field name is expected", "" },
    { "a.true", 2, 6, "found `true` where a field name is expected",
      "use an index, as in `[\"true\"]`, for names that are words of the language" },
    { "a and b", 2, 5, "found `and` where an operator or the end is expected",
      "the logical operator is written `&&`" },
    { "a OR b", 2, 4, "found `OR` where an operator or the end is expected",
      "the logical operator is written `||`" },
    { "true ? true ? 1 : 2 : 3", 12, 13,
      "found `?` where `:` and the second value of the conditional is expected",
      "put the inner conditional in parentheses" },
    { "a = 1", 2, 3, "\"=\" is not part of the language", "equality is written `==`" },
    { "a & b", 2, 3, "\"&\" is not part of the language", "the logical operator is written `&&`" },
    { "'abc", 0, 4, "string without closing quote",
      "add the closing `'`; a text of several lines is written in `'''`" },
    { "\"a\nb\"", 0, 2, "string without closing quote",
      "add the closing `\"`; a text of several lines is written in `\"\"\"`" },
    { "'\\d+'", 1, 3, "`\\d` does not begin an escape sequence",
      "write `\\\\` for a backslash, or put `r` before the opening quote" },
    { "R.attr.\u00e9", 7, 9, "\"\u00e9\" is not part of the language", "" },
    { "`a", 0, 2, "name in back quotes is not closed",
      "between back quotes stand letters, digits and `_.-/ `" },
};

START_TEST(fault)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(parse(str_from_c(faults[_i].text), 0, &issues));
    ck_assert_int_ge(issues.list.len, 1);
    const struct cel_issue *issue = &issues.list.ptr[0];
    expect_str(issue->better, faults[_i].better);
    expect_str(issue->help, faults[_i].help);
    ck_assert_uint_eq(issue->start, faults[_i].start);
    ck_assert_uint_eq(issue->end, faults[_i].end);
    ck_assert(issue->syntax);
    ck_assert(str_starts(issue->text, S("Syntax error: ")));
}
END_TEST

/* The reference's wording, all issues of a text; what follows from another one is in parentheses. */
static const struct {
    const char *text, *issues;
} wordings[] = {
    { "1)", "extraneous input ')' expecting <EOF>" },
    { "1 2 3", "mismatched input '2' expecting <EOF>" },
    { "f(1 2)", "extraneous input '2' expecting ')'" },
    { "[1 2]", "extraneous input '2' expecting {']', ','}" },
    { "a ^^ b", "token recognition error at: '^', token recognition error at: '^', "
                "(extraneous input 'b' expecting <EOF>)" },
    { "a = 1", "token recognition error at: '= ', (extraneous input '1' expecting <EOF>)" },
    { "x => y", "token recognition error at: '=>', (extraneous input 'y' expecting <EOF>)" },
    { "1 === 1", "token recognition error at: '= '" },
};

START_TEST(wording)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(parse(str_from_c(wordings[_i].text), 0, &issues));
    struct sb sb = sb_new(arena);
    for (isize i = 0; i < issues.list.len; i++) {
        const struct cel_issue *issue = &issues.list.ptr[i];
        str text = str_slice(issue->text, S("Syntax error: ").len, issue->text.len);
        sb_printf(&sb, "%s%s%.*s%s", i > 0 ? ", " : "", issue->follows ? "(" : "", STR_ARG(text),
                  issue->follows ? ")" : "");
    }
    expect_str(sb_str(&sb), wordings[_i].issues);
}
END_TEST

START_TEST(one_broken_string_is_one_fault)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(parse(S("R.attr.x == '\\d' && R.attr.y == '\\w' && 1"), 0, &issues));
    ck_assert_int_eq(issues.list.len, 2);
    issues = (struct cel_issues){ .arena = arena };
    ck_assert_ptr_null(parse(S("f('abc, 1)"), 0, &issues));
    ck_assert_int_eq(issues.list.len, 2);
    ck_assert(!issues.list.ptr[0].follows);
    ck_assert(issues.list.ptr[1].follows);
}
END_TEST

START_TEST(issues_are_bounded)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    for (int i = 0; i < 300; i++) {
        sb_add(&sb, S("'\\q' + for + "));
    }
    sb_byte(&sb, '1');
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(parse(sb_str(&sb), 0, &issues));
    ck_assert_int_eq(issues.list.len, CEL_ISSUES_MAX);
    ck_assert_int_gt(issues.dropped, 0);
}
END_TEST

/* ---- limits ---- */

static str repeated(struct arena *arena, const char *head, const char *part, int count,
                    const char *middle, const char *tail)
{
    struct sb sb = sb_new(arena);
    sb_add(&sb, str_from_c(head));
    for (int i = 0; i < count; i++) {
        sb_add(&sb, str_from_c(part));
    }
    sb_add(&sb, str_from_c(middle));
    for (int i = 0; i < count; i++) {
        sb_add(&sb, str_from_c(tail));
    }
    return sb_str(&sb);
}

#define NESTED  "expression recursion limit exceeded: 250"
#define CHAINED "max recursion depth exceeded"

/* The last count that is accepted, and what the next one says. */
static const struct {
    const char *head, *part, *middle, *tail;
    int most;
    const char *text;
} limits[] = {
    { "", "(", "1", ")", 249, NESTED },
    { "", "[", "1", "]", 249, NESTED },
    { "", "{'a': ", "1", "}", 249, NESTED },
    { "", "f(", "1", ")", 249, NESTED },
    { "", "a.f(", "1", ")", 249, NESTED },
    { "", "a[", "1", "]", 249, NESTED },
    { "", "a ? b : ", "c", "", 249, NESTED },
    { "", "1 + (", "1", ")", 124,
      NESTED }, /* each right operand opens the rule of sums once more */
    { "", "1 + 2 * (", "1", ")", 83, NESTED },
    { "", "1 == (", "1", ")", 124, NESTED },
    { "", "!(", "a", ")", 249, NESTED },
    { "1", " + 1", "", "", 250, CHAINED },
    { "1", " == 1", "", "", 250, CHAINED },
    { "a", ".b", "", "", 250, CHAINED },
    { "a", "[0]", "", "", 250, CHAINED },
    { "a", ".f()", "", "", 250, CHAINED },
};

START_TEST(limit)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    str most = repeated(arena, limits[_i].head, limits[_i].part, limits[_i].most, limits[_i].middle,
                        limits[_i].tail);
    ck_assert_ptr_nonnull(parse(most, 0, &issues));
    str more = repeated(arena, limits[_i].head, limits[_i].part, limits[_i].most + 1,
                        limits[_i].middle, limits[_i].tail);
    ck_assert_ptr_null(parse(more, 0, &issues));
    ck_assert_int_eq(issues.list.len, 1);
    expect_str(issues.list.ptr[0].text, limits[_i].text);
}
END_TEST

START_TEST(no_limit_but_size)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_nonnull(parse(repeated(arena, "a", " && a", 15000, "", ""), 0, &issues));
    ck_assert_ptr_nonnull(parse(repeated(arena, "a", "||a", 30000, "", ""), 0, &issues));
    ck_assert_ptr_nonnull(parse(repeated(arena, "", "!", 90000, "a", ""), 0, &issues));
    ck_assert_ptr_nonnull(parse(repeated(arena, "", "-", 90000, "a", ""), 0, &issues));
    ck_assert_ptr_nonnull(parse(repeated(arena, "[1", ",1", 45000, "]", ""), 0, &issues));
    ck_assert_ptr_nonnull(parse(repeated(arena, "'", "\u00e9", 99998, "'", ""), 0, &issues));
    ck_assert_ptr_null(parse(repeated(arena, "'", "\u00e9", 99999, "'", ""), 0, &issues));
    expect_str(issues.list.ptr[0].text,
               "expression code point size exceeds limit: size: 100001, limit 100000");
    ck_assert_ptr_null(parse(S("'\xff'"), 0, &issues));
    expect_str(issues.list.ptr[0].text, "expression is not valid UTF-8");
}
END_TEST

/* ---- printing ---- */

static const struct {
    const char *text, *printed; /* NULL: the same */
} prints[] = {
    { "1 + 2 * 3", NULL },
    { "((1) + ((2) * 3))", "1 + 2 * 3" },
    { "(1 + 2) * 3", NULL },
    { "1 - (2 - 3)", NULL },
    { "(1 - 2) - 3", "1 - 2 - 3" },
    { "a && b && c || d", NULL },
    { "(a && b) && c", NULL },
    { "(a && b) || (c && d)", "a && b || c && d" },
    { "a && (b || c)", NULL },
    { "a ? b : c ? d : e", NULL },
    { "(a ? b : c) ? d : e", NULL },
    { "a ? (b ? c : d) : e", NULL },
    { "(a == b) == c", "a == b == c" },
    { "a == (b == c)", NULL },
    { "!(a && b)", NULL },
    { "!(a.b())", "!a.b()" },
    { "!(!a)", NULL },
    { "-(1)", NULL },
    { "-(-1)", NULL },
    { "-(1.f())", NULL },
    { "-1.f()", NULL },
    { "-(1u)", "-1u" },
    { "-(a + b)", NULL },
    { "(-a).f()", NULL },
    { "-a.f()", NULL },
    { "(a + b).f(c ? d : e)[g || h]", NULL },
    { "a.?b[?c].d", NULL },
    { "[?a, b]", NULL },
    { "{?'a': b, 1u: {}}", "{?\"a\": b, 1u: {}}" },
    { ".a.b.C{x: 1, ?`y-z`: .d}", NULL },
    { "a.`b c`.d", NULL },
    { "has(a.b) && has((a + b).c)", NULL },
    { "x.map(i, i > 0, i).filter(j, j).all(k, v, k)", NULL },
    { "x.transformList(i, v, v).transformMap(i, v, p, v).transformMapEntry(i, v, e)", NULL },
    { "x.exists(i, i).exists_one(i, i).existsOne(i, j, i).sortBy(k, k)", NULL },
    { "cel.bind(v, a ? b : c, v)", NULL },
    { "x.optMap(v, v + 1).optFlatMap(w, w)", NULL },
    { "math.greatest(a, b, c) + math.least([a, b]) + math.least(a)", NULL },
    { "math.greatest([1, 2, 3])", "math.greatest(1, 2, 3)" },
    { "'a\\'\\n\\u0007\\x01'", "\"a'\\n\\a\\x01\"" },
    { "b'\\xff\"'", "b\"\\xff\\\"\"" },
    { "1.0 + 1e100 + .5 + -0.0", "1.0 + 1e+100 + 0.5 + -0.0" },
    { "f(.g(), x)", NULL },
};

START_TEST(printing)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    struct ast *root = parse(str_from_c(prints[_i].text), 0, &issues);
    ck_assert_ptr_nonnull(root);
    struct sb sb = sb_new(arena);
    cel_unparse(&sb, root);
    expect_str(sb_str(&sb), prints[_i].printed != NULL ? prints[_i].printed : prints[_i].text);
}
END_TEST

/* ---- parse(print(tree)) is the tree, over trees made at random ---- */

static void put_random(struct sb *out, uint64_t *state, int depth)
{
    static const char *const leaves[] = { "a",   ".b",   "1",    "-2",   "3u", "4.5",
                                          "'s'", "b'x'", "true", "null", "[]", "{}" };
    static const char *const shapes[] = {
        "$ + $",
        "$ - $",
        "$ * $",
        "$ / $",
        "$ % $",
        "$ && $",
        "$ || $",
        "$ == $",
        "$ < $",
        "$ in $",
        "!$",
        "-$",
        "($)",
        "($ ? $ : $)",
        "$ ? $ : $",
        "[$, ?$]",
        "{$: $}",
        "($).f($)",
        "($)[$]",
        "($)[?$]",
        "($).?g",
        "($).h",
        "f($, $)",
        "has(($).x)",
        "($).map(i, $)",
        "($).filter(i, $)",
        "cel.bind(v, $, $)",
        "($).optMap(v, $)",
        "T{x: $}",
        "$ && $ && $",
        "-($)",
        "!($)",
        "($).all(i, j, $)",
    };
    if (depth == 0) {
        sb_add(out, str_from_c(leaves[unit_random(state) % (uint64_t)countof(leaves)]));
        return;
    }
    for (const char *s = shapes[unit_random(state) % (uint64_t)countof(shapes)]; *s != '\0'; s++) {
        if (*s == '$') {
            put_random(out, state, (int)(unit_random(state) % (uint64_t)depth));
        } else {
            sb_byte(out, *s);
        }
    }
}

START_TEST(printing_keeps_the_tree)
{
    uint64_t state = 88172645463325252u;
    int kept = 0;
    for (int i = 0; i < 3000; i++) {
        struct arena *arena = unit_arena();
        struct sb text = sb_new(arena);
        put_random(&text, &state, 5);
        str tree = shown(arena, sb_str(&text), 0);
        struct cel_issues issues = { .arena = arena };
        struct ast *root = parse(sb_str(&text), 0, &issues);
        if (root == NULL) {
            continue; /* not every text of the shapes is one of the language: `!-a` */
        }
        struct sb printed = sb_new(arena);
        cel_unparse(&printed, root);
        str again = shown(arena, sb_str(&printed), 0);
        ck_assert_msg(str_eq(tree, again), "%.*s\n  became %.*s\n  %.*s\n  %.*s",
                      STR_ARG(sb_str(&text)), STR_ARG(sb_str(&printed)), STR_ARG(tree),
                      STR_ARG(again));
        kept++;
    }
    ck_assert_int_gt(kept, 1500);
}
END_TEST

/* ---- constants that only folding makes ---- */

START_TEST(printing_values)
{
    struct arena *arena = unit_arena();
    struct value one = v_int(1);
    const struct value values[] = {
        v_double(1.0 / 0.0),
        v_double(-1.0 / 0.0),
        v_double(0.0 / 0.0),
        v_duration(-1500000001),
        v_timestamp(0, 500000000, 330),
        v_type(S("google.protobuf.Timestamp")),
        v_list((const struct value[]){ v_uint(1), v_null() }, 2),
        v_some(&one),
        v_some(NULL),
    };
    static const char *const texts[] = {
        "double(\"Infinity\")",
        "double(\"-Infinity\")",
        "double(\"NaN\")",
        "duration(\"-1500000001ns\")",
        "timestamp(\"1970-01-01T05:30:00.5+05:30\")",
        "google.protobuf.Timestamp",
        "[1u, null]",
        "optional.of(1)",
        "optional.none()",
    };
    for (isize i = 0; i < countof(values); i++) {
        struct sb sb = sb_new(arena);
        cel_unparse_value(&sb, values[i]);
        expect_str(sb_str(&sb), texts[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel parse");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 30);
    tcase_add_loop_test(core, one_tree, 0, countof(trees));
    tcase_add_loop_test(core, literal, 0, countof(literals));
    tcase_add_loop_test(core, macro, 0, countof(macros));
    tcase_add_test(core, macros_of_tests);
    tcase_add_loop_test(core, fault, 0, countof(faults));
    tcase_add_loop_test(core, wording, 0, countof(wordings));
    tcase_add_test(core, one_broken_string_is_one_fault);
    tcase_add_test(core, issues_are_bounded);
    tcase_add_loop_test(core, limit, 0, countof(limits));
    tcase_add_test(core, no_limit_but_size);
    tcase_add_loop_test(core, printing, 0, countof(prints));
    tcase_add_test(core, printing_keeps_the_tree);
    tcase_add_test(core, printing_values);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
