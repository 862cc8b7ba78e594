/* re_unicode.c — names of Unicode classes
 *
 * General categories with their long names, and scripts, as the reference's dialect knows them; PCRE2 knows more
 * (`L&`, `Xan`, `Alphabetic` …), which must not be accepted. Names are compared without case, `_`, `-` and blanks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/re_tree.h"

static const struct {
    const char *name;  /* canonical: lower case letters and digits only */
    const char *pcre2; /* what PCRE2 calls it                            */
} properties[] = {
    { "any", "Any" }, { "ascii", "ASCII" }, { "assigned", "Assigned" },
    { "c", "C" }, { "other", "C" }, { "cc", "Cc" }, { "control", "Cc" }, { "cntrl", "Cc" }, { "cf", "Cf" },
    { "format", "Cf" }, { "cn", "Cn" }, { "unassigned", "Cn" }, { "co", "Co" }, { "privateuse", "Co" },
    { "cs", "Cs" }, { "surrogate", "Cs" }, { "l", "L" }, { "letter", "L" }, { "lc", "L&" }, { "casedletter", "L&" },
    { "ll", "Ll" }, { "lowercaseletter", "Ll" }, { "lm", "Lm" }, { "modifierletter", "Lm" }, { "lo", "Lo" },
    { "otherletter", "Lo" }, { "lt", "Lt" }, { "titlecaseletter", "Lt" }, { "lu", "Lu" },
    { "uppercaseletter", "Lu" }, { "m", "M" }, { "mark", "M" }, { "combiningmark", "M" }, { "mc", "Mc" },
    { "spacingmark", "Mc" }, { "me", "Me" }, { "enclosingmark", "Me" }, { "mn", "Mn" }, { "nonspacingmark", "Mn" },
    { "n", "N" }, { "number", "N" }, { "nd", "Nd" }, { "decimalnumber", "Nd" }, { "digit", "Nd" }, { "nl", "Nl" },
    { "letternumber", "Nl" }, { "no", "No" }, { "othernumber", "No" }, { "p", "P" }, { "punctuation", "P" },
    { "punct", "P" }, { "pc", "Pc" }, { "connectorpunctuation", "Pc" }, { "pd", "Pd" },
    { "dashpunctuation", "Pd" }, { "pe", "Pe" }, { "closepunctuation", "Pe" }, { "pf", "Pf" },
    { "finalpunctuation", "Pf" }, { "pi", "Pi" }, { "initialpunctuation", "Pi" }, { "po", "Po" },
    { "otherpunctuation", "Po" }, { "ps", "Ps" }, { "openpunctuation", "Ps" }, { "s", "S" }, { "symbol", "S" },
    { "sc", "Sc" }, { "currencysymbol", "Sc" }, { "sk", "Sk" }, { "modifiersymbol", "Sk" }, { "sm", "Sm" },
    { "mathsymbol", "Sm" }, { "so", "So" }, { "othersymbol", "So" }, { "z", "Z" }, { "separator", "Z" },
    { "zl", "Zl" }, { "lineseparator", "Zl" }, { "zp", "Zp" }, { "paragraphseparator", "Zp" }, { "zs", "Zs" },
    { "spaceseparator", "Zs" },
};

/* Scripts: PCRE2 reads these names as they are. */
static const char *const scripts[] = {
    "Adlam", "Ahom", "Anatolian_Hieroglyphs", "Arabic", "Armenian", "Avestan", "Balinese", "Bamum", "Bassa_Vah",
    "Batak", "Bengali", "Bhaiksuki", "Bopomofo", "Brahmi", "Braille", "Buginese", "Buhid", "Canadian_Aboriginal",
    "Carian", "Caucasian_Albanian", "Chakma", "Cham", "Cherokee", "Chorasmian", "Common", "Coptic", "Cuneiform",
    "Cypriot", "Cypro_Minoan", "Cyrillic", "Deseret", "Devanagari", "Dives_Akuru", "Dogra", "Duployan",
    "Egyptian_Hieroglyphs", "Elbasan", "Elymaic", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Grantha", "Greek",
    "Gujarati", "Gunjala_Gondi", "Gurmukhi", "Han", "Hangul", "Hanifi_Rohingya", "Hanunoo", "Hatran", "Hebrew",
    "Hiragana", "Imperial_Aramaic", "Inherited", "Inscriptional_Pahlavi", "Inscriptional_Parthian", "Javanese",
    "Kaithi", "Kannada", "Katakana", "Kayah_Li", "Kharoshthi", "Khitan_Small_Script", "Khmer", "Khojki",
    "Khudawadi", "Lao", "Latin", "Lepcha", "Limbu", "Linear_A", "Linear_B", "Lisu", "Lycian", "Lydian", "Mahajani",
    "Makasar", "Malayalam", "Mandaic", "Manichaean", "Marchen", "Masaram_Gondi", "Medefaidrin", "Meetei_Mayek",
    "Mende_Kikakui", "Meroitic_Cursive", "Meroitic_Hieroglyphs", "Miao", "Modi", "Mongolian", "Mro", "Multani",
    "Myanmar", "Nabataean", "Nandinagari", "New_Tai_Lue", "Newa", "Nko", "Nushu",
    "Nyiakeng_Puachue_Hmong", "Ogham", "Ol_Chiki", "Old_Hungarian", "Old_Italic", "Old_North_Arabian", "Old_Permic",
    "Old_Persian", "Old_Sogdian", "Old_South_Arabian", "Old_Turkic", "Old_Uyghur", "Oriya", "Osage", "Osmanya",
    "Pahawh_Hmong", "Palmyrene", "Pau_Cin_Hau", "Phags_Pa", "Phoenician", "Psalter_Pahlavi", "Rejang", "Runic",
    "Samaritan", "Saurashtra", "Sharada", "Shavian", "Siddham", "SignWriting", "Sinhala", "Sogdian", "Sora_Sompeng",
    "Soyombo", "Sundanese", "Syloti_Nagri", "Syriac", "Tagalog", "Tagbanwa", "Tai_Le", "Tai_Tham", "Tai_Viet", "Takri",
    "Tamil", "Tangsa", "Tangut", "Telugu", "Thaana", "Thai", "Tibetan", "Tifinagh", "Tirhuta", "Toto", "Ugaritic",
    "Vai", "Vithkuqi", "Wancho", "Warang_Citi", "Yezidi", "Yi", "Zanabazar_Square",
};

#define MAX_NAME 40

/* Canonical form of a name; 0 when it is longer than any. */
static isize canonical(str name, char out[MAX_NAME])
{
    isize len = 0;
    for (isize i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '_' || c == '-' || c == ' ') {
            continue;
        }
        if (len == MAX_NAME) {
            return 0;
        }
        out[len++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return len;
}

const char *re_property(str name)
{
    char wanted[MAX_NAME];
    str key = { wanted, canonical(name, wanted) };
    if (key.len == 0) {
        return NULL;
    }
    for (isize i = 0; i < countof(properties); i++) {
        if (str_eq(key, str_from_c(properties[i].name))) {
            return properties[i].pcre2;
        }
    }
    for (isize i = 0; i < countof(scripts); i++) {
        char other[MAX_NAME];
        if (str_eq(key, (str){ other, canonical(str_from_c(scripts[i]), other) })) {
            return scripts[i];
        }
    }
    return NULL;
}

/* Unicode 15; PCRE2 10.42 has the tables of Unicode 14. */
static const struct {
    const char *name;
    int32_t ranges[8];
} young_scripts[] = {
    { "kawi", { 0x11F00, 0x11F10, 0x11F12, 0x11F3A, 0x11F3E, 0x11F59, -1 } },
    { "nagmundari", { 0x1E4D0, 0x1E4F9, -1 } },
};

const int32_t *re_young_script(str name)
{
    char wanted[MAX_NAME];
    str key = { wanted, canonical(name, wanted) };
    for (isize i = 0; i < countof(young_scripts); i++) {
        if (str_eq(key, str_from_c(young_scripts[i].name))) {
            return young_scripts[i].ranges;
        }
    }
    return NULL;
}
