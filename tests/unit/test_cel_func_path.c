/* test_cel_func_path.c — file paths of Unix and Windows
 *
 * Answers are the reference's. spec: cerbos-compat#17.4
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

#define WIN32 ": unsupported Win32 path"

static const struct row parts[] = {
    { "basePath('/a/b.txt')", "\"b.txt\"" },
    { "basePath('/')", "\"/\"" },
    { "basePath('')", "\".\"" },
    { "basePath('a//b//')", "\"b\"" },
    { "basePath('/a/..')", "\"/\"" },
    { "basePath('..')", "\"..\"" },
    { "basePath('C:\\a\\b.txt')", "\"b.txt\"" },
    { "basePath('C:')", "\"C:\"" },
    { "basePath('\\\\host')", "\"host\"" },
    { "basePath('\\\\')", "\"/\"" },
    { "basePath('C:foo')", "error: failed to encode path C:foo" WIN32 },
    { "basePath('C:/foo')", "error: failed to encode path C:/foo" WIN32 },
    { "basePath(1)", "error: no such overload: basePath(int)" },
    { "dirPath('/a/b/c')", "\"/a/b\"" },
    { "dirPath('/a')", "\"/\"" },
    { "dirPath('/')", "\"/\"" },
    { "dirPath('a')", "\".\"" },
    { "dirPath('a/b/..')", "\".\"" },
    { "dirPath('../a')", "\"..\"" },
    { "dirPath('C:\\a\\b')", "\"C:\\\\a\"" },
    { "dirPath('C:')", "\"C:\\\\\"" },
    { "dirPath('C:\\')", "\"C:\\\\\"" },
    { "dirPath('C:\\a')", "\"C:\"" },
    { "dirPath('C:\\..')", "\"\"" },
    { "dirPath('a\\b')", "\"a\"" },
    { "dirPath('\\a')", "\"\"" },
    { "dirPath('/a\\b')", "\"\\\\a\"" },
    { "dirPath('\\\\host\\share')", "\"\\\\\\\\host\\\\share\"" },
    { "dirPath('\\\\host\\share\\a')", "\"\\\\\\\\host\\\\share\"" },
    { "dirPath('\\\\host\\share\\')", "\"\\\\\\\\host\"" },
    { "dirPath('\\\\host')", "\"\\\\\"" },
    { "dirPath('a\\')", "error: dirPath: path a\\ has no directory" },
    { "extPath('/a/b.tar.gz')", "\".gz\"" },
    { "extPath('a.b/c')", "\"\"" },
    { "extPath('a.')", "\".\"" },
    { "extPath('.git')", "\".git\"" },
    { "extPath('..')", "\".\"" },
    { "extPath('C:\\x.y\\z')", "\"\"" },
    { "volumeName('C:\\x')", "\"C:\"" },
    { "volumeName('C:foo')", "\"C:\"" },
    { "volumeName('1:')", "\"\"" },
    { "volumeName('\\\\host\\share\\x')", "\"\\\\\\\\host\\\\share\"" },
    { "volumeName('\\\\host\\')", "\"\"" },
    { "volumeName('\\\\\\share')", "\"\"" },
    { "volumeName('/x')", "\"\"" },
    { "volumeName(null)", "error: no such overload: volumeName(null_type)" },
};

static const struct row joined[] = {
    { "joinPath([])", "\"\"" },
    { "joinPath(['a//b/'])", "\"a//b/\"" }, /* one element stays as it is */
    { "joinPath(['C:foo'])", "\"C:foo\"" },
    { "joinPath(['a', 'b', '../c'])", "\"a/c\"" },
    { "joinPath(['', ''])", "\".\"" },
    { "joinPath(['', 'a'])", "\"a\"" },
    { "joinPath(['a', '/b'])", "\"a/b\"" },
    { "joinPath(['/', 'a', '..', '..'])", "\"/\"" },
    { "joinPath(['a', '..', '..'])", "\"..\"" },
    { "joinPath(['..', 'a', '..', '..', 'abc', 'd', '..'])", "\"../../abc\"" },
    { "joinPath(['C:', 'a'])", "\"C:\\\\a\"" },
    { "joinPath(['C:\\a', 'b'])", "\"C:\\\\a\\\\b\"" },
    { "joinPath(['a', 'C:\\b'])", "\"a/C:/b\"" },
    { "joinPath(['a\\b', 'c/d'])", "\"a\\\\b\\\\c\\\\d\"" },
    { "joinPath(['a/b', 'c\\d'])", "\"a/b/c/d\"" },
    { "joinPath(['\\\\h\\s', '..', '..'])", "\"\\\\\\\\\"" },
    { "joinPath(['C:x', 'b'])", "error: failed to encode first path C:x" WIN32 },
    { "joinPath(['b', 'C:x'])", "error: failed to encode path C:x" WIN32 },
    { "joinPath(['a', 1])",
      "error: failed to convert list to string slice: unsupported type conversion from 'int' to "
      "string" },
    { "joinPath([1])", "error: no such overload: joinPath(list)" },
    { "joinPath('a')", "error: no such overload: joinPath(string)" },
    { "relPath('/a', '/a/b/c')", "\"b/c\"" },
    { "relPath('/a/b', '/a')", "\"..\"" },
    { "relPath('a/b/c', 'a/d')", "\"../../d\"" },
    { "relPath('/a', '/ab')", "\"../ab\"" },
    { "relPath('/a', '/')", "\"..\"" },
    { "relPath('a', 'a/./')", "\".\"" },
    { "relPath('', 'a')", "\"a\"" },
    { "relPath('a/b', '')", "\"../..\"" },
    { "relPath('a', '..')", "\"../..\"" },
    { "relPath('../a', '../..')", "\"../..\"" },
    { "relPath('..', '../a')", "\"a\"" },
    { "relPath('C:\\a', 'C:\\a\\b')", "\"b\"" },
    { "relPath('C:\\a', 'D:\\a')", "\"..\\\\..\\\\D:\\\\a\"" },
    { "relPath('\\\\h\\s\\a', '\\\\h\\s\\b')", "\"..\\\\b\"" },
    { "relPath('a/b', 'a\\b\\c')", "\"c\"" },
    { "relPath('a', '/b')",
      "error: failed to determine relative path of /b: Rel: can't make /b relative to a" },
    { "relPath('..', 'a/../b')",
      "error: failed to determine relative path of a/../b: Rel: can't make b relative to .." },
    { "relPath('../..', '..')",
      "error: failed to determine relative path of ..: Rel: can't make .. relative to ../.." },
    { "relPath('C:x', 'a')", "error: failed to encode base path C:x" WIN32 },
    { "relPath('a', 'C:x')", "error: failed to encode target path C:x" WIN32 },
    { "relPath('a', 1)", "error: no such overload: relPath(string, int)" },
    { "pathHasPrefix('/a/b/c', '/a/b')", "true" },
    { "pathHasPrefix('/a/bc', '/a/b')", "false" },
    { "pathHasPrefix('/a', '/a/b')", "false" },
    { "pathHasPrefix('C:x', 'C:x')", "true" },
    { "pathHasPrefix('/a/.git', '/a')", "false" }, /* a hidden file */
    { "pathHasPrefix('/a/b/', '/a/b')", "false" }, /* the same, written otherwise */
    { "pathHasPrefix('\\\\h\\s\\a', '\\\\h\\s')", "true" },
    { "pathHasPrefix('C:\\a\\b', 'D:\\a')", "false" },
    { "pathHasPrefix('a', '/b')",
      "error: failed to determine relative path of a: Rel: can't make a relative to /b" },
    { "pathHasPrefix(1, 'a')", "error: no such overload: pathHasPrefix(int, string)" },
};

static const struct row patterns[] = {
    { "pathMatch('/a/b.txt', '/a/*.txt')", "true" },
    { "pathMatch('/a/b/c', '/a/*')", "false" },
    { "pathMatch('a/b/c', 'a/*/c')", "true" },
    { "pathMatch('abc', '*c*')", "true" },
    { "pathMatch('abcd', 'a*b*d')", "true" },
    { "pathMatch('ab', 'a*b*d')", "false" },
    { "pathMatch('', '*')", "true" },
    { "pathMatch('a', '')", "false" },
    { "pathMatch('é', '?')", "true" },
    { "pathMatch('a/b', 'a?b')", "false" },
    { "pathMatch('a/b', 'a[/]b')", "true" }, /* a class may name the slash */
    { "pathMatch('b', '[a-c]')", "true" },
    { "pathMatch('b', '[^a-c]')", "false" },
    { "pathMatch('é', '[à-ü]')", "true" },
    { "pathMatch('!', '[!a]')", "true" },
    { "pathMatch('b', '[!a]')", "false" },
    { "pathMatch('a', 'b/../a')", "true" },
    { "pathMatch('a/b', 'a//b')", "true" },
    { "pathMatch('C:\\a\\b', 'C:\\*\\b')", "true" },
    { "pathMatch(']', '[\\]]')", "false" }, /* no escapes: a Windows path */
    { "pathMatch('日', '*?"
      "?')",
      "true" }, /* a star may stop inside a character */
    { "pathMatch('a', '[a')",
      "error: failed to match pattern \"[a\" on path \"a\": syntax error in pattern" },
    { "pathMatch('a', '[]a]')",
      "error: failed to match pattern \"[]a]\" on path \"a\": syntax error in pattern" },
    { "pathMatch('a', '[a-]')",
      "error: failed to match pattern \"[a-]\" on path \"a\": syntax error in pattern" },
    { "pathMatch('a', '[-a]')",
      "error: failed to match pattern \"[-a]\" on path \"a\": syntax error in pattern" },
    { "pathMatch('a', '[a-b-c]')",
      "error: failed to match pattern \"[a-b-c]\" on path \"a\": syntax error in pattern" },
    { "pathMatch('xyz', 'a[')",
      "error: failed to match pattern \"a[\" on path \"xyz\": syntax error in pattern" },
    { "pathMatch('a', 'C:x')", "error: failed to encode pattern C:x" WIN32 },
    { "pathMatch('C:x', '[')", "error: failed to encode path C:x" WIN32 },
    { "pathMatch(1, 'a')", "error: no such overload: pathMatch(int, string)" },
    { "pathMatchAnyOf('/a/b', ['/x/*', '/a/*'])", "true" },
    { "pathMatchAnyOf('/a/b', ['/x/*'])", "false" },
    { "pathMatchAnyOf('a', [])", "false" },
    { "pathMatchAnyOf('a', ['a', '['])", "true" }, /* the first match ends the search */
    { "pathMatchAnyOf('a', ['[', 'a'])",
      "error: failed to match pattern \"[\" on path \"a\": syntax error in pattern" },
    { "pathMatchAnyOf('a', ['b', 1])",
      "error: failed to convert list to string slice: unsupported type conversion from "
      "'int' to string" },
    { "pathMatchAnyOf('a', 'a')", "error: no such overload: pathMatchAnyOf(string, string)" },
    { "pathMatchAnyOf(1, ['a'])", "error: no such overload: pathMatchAnyOf(int, list)" },
};

START_TEST(paths_have_parts)
{
    expect_call(parts[_i].call, parts[_i].want);
}
END_TEST

START_TEST(paths_are_joined)
{
    expect_call(joined[_i].call, joined[_i].want);
}
END_TEST

START_TEST(patterns_match)
{
    expect_call(patterns[_i].call, patterns[_i].want);
}
END_TEST

START_TEST(work_is_paid_for)
{
    expect_costly("basePath(repeat('a/', 50000))", 5000);
    expect_costly("joinPath(repeat(['aaaaaaaa'], 10000))", 1000);
    expect_costly("pathMatch(repeat('a', 1000), join([repeat('a*', 10), repeat('a', 500), 'b']))",
                  1000);
}
END_TEST

/* Only the last star is tried again: quadratic at worst, and paid for. */
START_TEST(stars_do_not_multiply)
{
    expect_call("pathMatch(repeat('a', 2000), join([repeat('*a', 1000), 'b']))", "false");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_path");
    TCase *tc = tcase_create("paths");
    tcase_add_loop_test(tc, paths_have_parts, 0, countof(parts));
    tcase_add_loop_test(tc, paths_are_joined, 0, countof(joined));
    tcase_add_loop_test(tc, patterns_match, 0, countof(patterns));
    tcase_add_test(tc, work_is_paid_for);
    tcase_add_test(tc, stars_do_not_multiply);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
