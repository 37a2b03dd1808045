// Character references of HTML: named (those of HTML 4, with HTML 5's values), decimal, hexadecimal.
#include <algorithm>
#include <array>
#include <optional>

#include "text/prompt.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

struct Entity {
  std::string_view name;
  char32_t value;
};

// Sorted by name (bytes).
constexpr std::array<Entity, 259> kEntities = {{
    {"AElig", 198},   {"AMP", 38},      {"Aacute", 193},   {"Acirc", 194},   {"Agrave", 192},   {"Alpha", 913},
    {"Aring", 197},   {"Atilde", 195},  {"Auml", 196},     {"Beta", 914},    {"COPY", 169},     {"Ccedil", 199},
    {"Chi", 935},     {"Dagger", 8225}, {"Delta", 916},    {"ETH", 208},     {"Eacute", 201},   {"Ecirc", 202},
    {"Egrave", 200},  {"Epsilon", 917}, {"Eta", 919},      {"Euml", 203},    {"GT", 62},        {"Gamma", 915},
    {"Iacute", 205},  {"Icirc", 206},   {"Igrave", 204},   {"Iota", 921},    {"Iuml", 207},     {"Kappa", 922},
    {"LT", 60},       {"Lambda", 923},  {"Mu", 924},       {"Ntilde", 209},  {"Nu", 925},       {"OElig", 338},
    {"Oacute", 211},  {"Ocirc", 212},   {"Ograve", 210},   {"Omega", 937},   {"Omicron", 927},  {"Oslash", 216},
    {"Otilde", 213},  {"Ouml", 214},    {"Phi", 934},      {"Pi", 928},      {"Prime", 8243},   {"Psi", 936},
    {"QUOT", 34},     {"REG", 174},     {"Rho", 929},      {"Scaron", 352},  {"Sigma", 931},    {"THORN", 222},
    {"Tau", 932},     {"Theta", 920},   {"Uacute", 218},   {"Ucirc", 219},   {"Ugrave", 217},   {"Upsilon", 933},
    {"Uuml", 220},    {"Xi", 926},      {"Yacute", 221},   {"Yuml", 376},    {"Zeta", 918},     {"aacute", 225},
    {"acirc", 226},   {"acute", 180},   {"aelig", 230},    {"agrave", 224},  {"alefsym", 8501}, {"alpha", 945},
    {"amp", 38},      {"and", 8743},    {"ang", 8736},     {"apos", 39},     {"aring", 229},    {"asymp", 8776},
    {"atilde", 227},  {"auml", 228},    {"bdquo", 8222},   {"beta", 946},    {"brvbar", 166},   {"bull", 8226},
    {"cap", 8745},    {"ccedil", 231},  {"cedil", 184},    {"cent", 162},    {"chi", 967},      {"circ", 710},
    {"clubs", 9827},  {"cong", 8773},   {"copy", 169},     {"crarr", 8629},  {"cup", 8746},     {"curren", 164},
    {"dArr", 8659},   {"dagger", 8224}, {"darr", 8595},    {"deg", 176},     {"delta", 948},    {"diams", 9830},
    {"divide", 247},  {"eacute", 233},  {"ecirc", 234},    {"egrave", 232},  {"empty", 8709},   {"emsp", 8195},
    {"ensp", 8194},   {"epsilon", 949}, {"equiv", 8801},   {"eta", 951},     {"eth", 240},      {"euml", 235},
    {"euro", 8364},   {"exist", 8707},  {"fnof", 402},     {"forall", 8704}, {"frac12", 189},   {"frac14", 188},
    {"frac34", 190},  {"frasl", 8260},  {"gamma", 947},    {"ge", 8805},     {"gt", 62},        {"hArr", 8660},
    {"harr", 8596},   {"hearts", 9829}, {"hellip", 8230},  {"iacute", 237},  {"icirc", 238},    {"iexcl", 161},
    {"igrave", 236},  {"image", 8465},  {"infin", 8734},   {"int", 8747},    {"iota", 953},     {"iquest", 191},
    {"isin", 8712},   {"iuml", 239},    {"kappa", 954},    {"lArr", 8656},   {"lambda", 955},   {"lang", 10216},
    {"laquo", 171},   {"larr", 8592},   {"lceil", 8968},   {"ldquo", 8220},  {"le", 8804},      {"lfloor", 8970},
    {"lowast", 8727}, {"loz", 9674},    {"lrm", 8206},     {"lsaquo", 8249}, {"lsquo", 8216},   {"lt", 60},
    {"macr", 175},    {"mdash", 8212},  {"micro", 181},    {"middot", 183},  {"minus", 8722},   {"mu", 956},
    {"nabla", 8711},  {"nbsp", 160},    {"ndash", 8211},   {"ne", 8800},     {"ni", 8715},      {"not", 172},
    {"notin", 8713},  {"nsub", 8836},   {"ntilde", 241},   {"nu", 957},      {"oacute", 243},   {"ocirc", 244},
    {"oelig", 339},   {"ograve", 242},  {"oline", 8254},   {"omega", 969},   {"omicron", 959},  {"oplus", 8853},
    {"or", 8744},     {"ordf", 170},    {"ordm", 186},     {"oslash", 248},  {"otilde", 245},   {"otimes", 8855},
    {"ouml", 246},    {"para", 182},    {"part", 8706},    {"permil", 8240}, {"perp", 8869},    {"phi", 966},
    {"pi", 960},      {"piv", 982},     {"plusmn", 177},   {"pound", 163},   {"prime", 8242},   {"prod", 8719},
    {"prop", 8733},   {"psi", 968},     {"quot", 34},      {"rArr", 8658},   {"radic", 8730},   {"rang", 10217},
    {"raquo", 187},   {"rarr", 8594},   {"rceil", 8969},   {"rdquo", 8221},  {"real", 8476},    {"reg", 174},
    {"rfloor", 8971}, {"rho", 961},     {"rlm", 8207},     {"rsaquo", 8250}, {"rsquo", 8217},   {"sbquo", 8218},
    {"scaron", 353},  {"sdot", 8901},   {"sect", 167},     {"shy", 173},     {"sigma", 963},    {"sigmaf", 962},
    {"sim", 8764},    {"spades", 9824}, {"sub", 8834},     {"sube", 8838},   {"sum", 8721},     {"sup", 8835},
    {"sup1", 185},    {"sup2", 178},    {"sup3", 179},     {"supe", 8839},   {"szlig", 223},    {"tau", 964},
    {"there4", 8756}, {"theta", 952},   {"thetasym", 977}, {"thinsp", 8201}, {"thorn", 254},    {"tilde", 732},
    {"times", 215},   {"trade", 8482},  {"uArr", 8657},    {"uacute", 250},  {"uarr", 8593},    {"ucirc", 251},
    {"ugrave", 249},  {"uml", 168},     {"upsih", 978},    {"upsilon", 965}, {"uuml", 252},     {"weierp", 8472},
    {"xi", 958},      {"yacute", 253},  {"yen", 165},      {"yuml", 255},    {"zeta", 950},     {"zwj", 8205},
    {"zwnj", 8204},
}};

// What the numbers 0x80 to 0x9F mean to HTML: the characters of Windows-1252.
constexpr std::array<char32_t, 32> kWindows1252 = {

    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178,
};

struct Reference {
  std::size_t bytes = 0;  // from '&', 0 when there is none
  std::optional<char32_t> value;
};

const Entity* find_entity(std::string_view name) {
  const auto* const found = std::lower_bound(kEntities.begin(), kEntities.end(), name,
                                             [](const Entity& entity, std::string_view n) { return entity.name < n; });
  return found != kEntities.end() && found->name == name ? found : nullptr;
}

bool is_noncharacter(char32_t c) {
  return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || (c >= 0x7F && c <= 0x9F) ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

// The character a number stands for; none for those that are dropped.
std::optional<char32_t> numbered(char32_t value) {
  if (value >= 0x80 && value < 0xA0) return kWindows1252[value - 0x80];
  if (value == 0 || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) return 0xFFFD;
  if (value == 0x0D) return 0x0D;
  if (is_noncharacter(value)) return std::nullopt;
  return value;
}

int digit_value(char c, int base) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return base == 16 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// `text` starts with "&#".
Reference numeric_reference(std::string_view text) {
  const bool hexadecimal = text.size() > 2 && (text[2] | 0x20) == 'x';
  const int base = hexadecimal ? 16 : 10;
  const std::size_t begin = hexadecimal ? 3 : 2;
  std::size_t end = begin;
  char32_t value = 0;
  for (; end < text.size() && digit_value(text[end], base) >= 0; ++end)
    value = std::min<char32_t>(
        value * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(text[end], base)), 0x110000);
  if (end == begin) return {};
  if (end < text.size() && text[end] == ';') ++end;
  return {end, numbered(value)};
}

// `text` starts with "&". The oldest names, those of Latin-1, need no semicolon; the longest one counts.
Reference named_reference(std::string_view text) {
  constexpr std::size_t kLongest = 10;
  const std::size_t end = std::min(text.find_first_of("\t\n\f <&#;", 1), text.size());
  const std::string_view name = text.substr(1, end - 1);
  if (end < text.size() && text[end] == ';' && name.size() <= kLongest)
    if (const Entity* entity = find_entity(name)) return {end + 1, entity->value};
  for (std::size_t length = std::min(name.size(), kLongest); length > 1; --length) {
    const Entity* entity = find_entity(name.substr(0, length));
    if (entity != nullptr && entity->value < 0x100 && entity->name != "apos") return {length + 1, entity->value};
  }
  return {};
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('&'), text.size());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Reference reference = text.starts_with("&#") ? numeric_reference(text) : named_reference(text);
    if (reference.bytes == 0) {
      result.push_back('&');
    } else if (reference.value) {
      append_code_point(result, *reference.value);
    }
    text.remove_prefix(std::max<std::size_t>(reference.bytes, 1));
  }
  return result;
}

}  // namespace hotshot::text
