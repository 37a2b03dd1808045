#include "net/form.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/test_support.h"
#include "net/test_support.h"

namespace hotshot::net {
namespace {

Request form(std::string body, std::string type = "multipart/form-data; boundary=XX") {
  Request request;
  request.headers = {{"Content-Type", std::move(type)}};
  request.body = Content(std::move(body));
  return request;
}

std::vector<FormPart> parse(std::string body, FormLimits limits = {}) {
  return parse_form(form(std::move(body)), limits);
}

int status_of(const std::string& body, FormLimits limits = {}) {
  return refusal_of([&] { parse(body, limits); }).first;
}

std::string field(std::string name, std::string value, std::string boundary = "XX") {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(std::string name, std::string value, std::string more = "filename=\"a.png\"") {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"; " + more +
         "\r\nContent-Type: image/png\r\n\r\n" + value + "\r\n";
}

TEST(FormTest, ReadsFieldsAndFiles) {
  const auto parts =
      parse("preamble\r\n" + field("prompt", "a\r\ncat") + file("input[image]", std::string("\0\r\n--X\n", 7)) +
            field("empty", "") + "--XX--\r\nepilogue --XX\r\n");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "prompt");
  EXPECT_EQ(parts[0].content.text(), "a\r\ncat");
  EXPECT_FALSE(parts[0].is_file);
  EXPECT_EQ(parts[0].type, "");
  EXPECT_EQ(parts[1].name, "input[image]");
  EXPECT_TRUE(parts[1].is_file);
  EXPECT_EQ(parts[1].file_name, "a.png");
  EXPECT_EQ(parts[1].type, "image/png");
  EXPECT_EQ(parts[1].content.text(), std::string("\0\r\n--X\n", 7));
  EXPECT_EQ(parts[2].content.size(), 0u);
}

TEST(FormTest, ToleratesWhatTheStandardAllows) {
  EXPECT_TRUE(parse("--XX--").empty());
  EXPECT_EQ(parse("--XX  \t\r\ncontent-disposition:form-data;name=a\r\n\r\nv\r\n--XX--").at(0).content.text(), "v");
  EXPECT_EQ(parse(field("a", "\r\n--XXY") + "--XX--").at(0).content.text(), "\r\n--XXY");  // a longer word
  const std::string quoted = "multipart/form-data; charset=utf-8; boundary=\"a b:(c)\"";
  EXPECT_EQ(parse_form(form(field("a", "v", "a b:(c)") + "--a b:(c)--", quoted), {}).at(0).content.text(), "v");
  EXPECT_EQ(parse_form(form(field("a", "v") + "--XX--", "Multipart/Form-Data;BOUNDARY=XX"), {}).size(), 1u);
}

TEST(FormTest, ReadsFileNames) {
  const auto name = [](std::string more) { return parse(file("f", "x", std::move(more)) + "--XX--").at(0).file_name; };
  EXPECT_EQ(name("filename=\"a \\\"b\\\" \\\\c; d.png\""), "a \"b\" \\c; d.png");
  EXPECT_EQ(name("filename=\"C:\\dir\\a.png\""), "C:\\dir\\a.png");
  EXPECT_EQ(name("filename=a.png"), "a.png");
  EXPECT_EQ(name("filename=\"\""), "");
  EXPECT_EQ(name("filename=\"../../x\""), "../../x");  // as sent
  EXPECT_EQ(name("filename=\"e.png\"; filename*=UTF-8''%e2%82%ac.png"), "€.png");
  EXPECT_EQ(name("filename*=utf-8'en'%E2%82%AC.png"), "€.png");
  EXPECT_EQ(name("filename=\"e.png\"; filename*=KOI8-R''%e2"), "e.png");
  EXPECT_EQ(name("filename=\"e.png\"; filename*=UTF-8''%ff"), "e.png");
  EXPECT_EQ(name("filename=\"é\""), "é");
}

TEST(FormTest, RefusesWhatIsMalformed) {
  for (const auto& body : {
           std::string(),
           std::string("--XX"),
           std::string("no boundary"),
           field("a", "v"),                         // no closing boundary
           field("a", "v") + "--XX-",               //
           field("a", "v") + "--XX",                //
           std::string("--XX\r\n"),                 //
           std::string("--XX\r\n\r\nv\r\n--XX--"),  // no name
           std::string("--XX\r\nContent-Disposition: form-data\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition form-data; name=a\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\n: form-data; name=a\r\n\r\nv\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=\"a\x01\"\r\n\r\nv\r\n--XX--"),
           std::string("--XX\nContent-Disposition: form-data; name=a\n\nv\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
                       "base64\r\n\r\nv\r\n--XX--"),
           "--XX\r\nX: " + std::string(9000, 'x') + "\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--XX--",
           "--XX\r\nX: " + std::string(200'000, 'x'),
       }) {
    EXPECT_EQ(status_of(body), 400) << body.substr(0, 100);
  }
}

TEST(FormTest, RefusesOtherTypesAndBoundaries) {
  const auto status = [](std::string type) { return refusal_of([&] { parse_form(form("--XX--", type), {}); }).first; };
  EXPECT_EQ(status("multipart/form-data; boundary=XX"), 0);
  EXPECT_EQ(status("application/json"), 415);
  EXPECT_EQ(status(""), 415);
  EXPECT_EQ(status("multipart/form-data"), 400);
  EXPECT_EQ(status("multipart/form-data; boundary="), 400);
  EXPECT_EQ(status("multipart/form-data; boundary=\"XX"), 400);
  EXPECT_EQ(status("multipart/form-data; boundary=\"X \""), 400);
  EXPECT_EQ(status("multipart/form-data; boundary=X{"), 400);
  EXPECT_EQ(status("multipart/form-data; boundary=" + std::string(71, 'b')), 400);
  const std::string longest(70, 'b');
  EXPECT_EQ(
      parse_form(form(field("a", "v", longest) + "--" + longest + "--", "multipart/form-data; boundary=" + longest), {})
          .size(),
      1u);
}

TEST(FormTest, LimitsAreExact) {
  const auto fields = [](int count) {
    std::string body;
    for (int i = 0; i < count; ++i) body += field("a", "v");
    return body + "--XX--";
  };
  EXPECT_EQ(status_of(fields(3), {.max_parts = 3}), 0);
  EXPECT_EQ(status_of(fields(4), {.max_parts = 3}), 413);
  EXPECT_EQ(status_of(field("a", "12345") + "--XX--", {.max_field_bytes = 5}), 0);
  EXPECT_EQ(status_of(field("a", "123456") + "--XX--", {.max_field_bytes = 5}), 413);
  EXPECT_EQ(status_of(file("a", "123456") + "--XX--", {.max_field_bytes = 5}), 0);
  EXPECT_EQ(status_of(file("a", "123456") + "--XX--", {.max_file_bytes = 6}), 0);
  EXPECT_EQ(status_of(file("a", "1234567") + "--XX--", {.max_file_bytes = 6}), 413);
}

TEST(FormTest, LargeFilesGoToTheSpoolAndLeaveNothing) {
  TestFolder folder;
  const FormLimits limits{.memory_file = 1000, .spool = folder.path()};
  std::string large(300'000, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);
  {
    const auto parts = parse(file("small", std::string(1000, 'y')) + file("large", large) + "--XX--", limits);
    EXPECT_TRUE(parts.at(0).content.path().empty());
    EXPECT_FALSE(parts.at(1).content.path().empty());
    EXPECT_EQ(parts[1].content.text(), large);
    EXPECT_EQ(folder.files(), 1);
  }
  EXPECT_EQ(folder.files(), 0);
  EXPECT_EQ(status_of(file("large", large) + file("again", large), limits), 400);
  EXPECT_EQ(folder.files(), 0);
}

TEST(FormTest, NearDelimitersCostNoMoreThanOthers) {
  std::string body = "--XX\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n";
  for (int i = 0; i < 500'000; ++i) body += "\r\n--XXY";
  const auto size = body.size();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(parse(body + "\r\n--XX--").at(0).content.size(), size - 60);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(FormTest, ReadsUrlencodedBodies) {
  const std::string type = "application/x-www-form-urlencoded; charset=utf-8";
  const auto parts = parse_form(form("a=1+2&b=%C3%A9&a=", type), {});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "a");
  EXPECT_EQ(parts[0].content.text(), "1 2");
  EXPECT_EQ(parts[1].content.text(), "é");
  EXPECT_FALSE(parts[2].is_file);
  EXPECT_EQ(refusal_of([&] { parse_form(form("a&b&c", type), {.max_parts = 2}); }).first, 413);
  EXPECT_EQ(refusal_of([&] { parse_form(form("a=345", type), {.max_field_bytes = 4}); }).first, 413);
}

std::string random_bytes(Random& random, std::uint32_t most) {
  std::string bytes(random.below(most + 1), '\0');
  // Few letters, so that line ends, dashes and pieces of the boundary meet often.
  for (auto& byte : bytes)
    byte = random.chance(0.2f) ? static_cast<char>(random.below(256)) : "\r\n--Xa"[random.below(6)];
  return bytes;
}

struct RandomForm {
  std::string boundary, body;
  std::vector<std::string> names, values;
};

RandomForm random_form(Random& random) {
  constexpr std::string_view kLetters = "Xa-'()+_,./:=?0";
  RandomForm made;
  const auto length = 1 + random.below(70);
  for (std::uint32_t i = 0; i < length; ++i) made.boundary += kLetters[random.below(kLetters.size())];
  const auto count = random.below(6);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string value;
    do {  // a value must not hold the delimiter
      value = random_bytes(random, random.chance(0.1f) ? 200'000 : 200);
    } while (fmt::format("\r\n{}\r\n--", value).find("\r\n--" + made.boundary) != std::string::npos);
    made.values.push_back(value);
    made.names.push_back(fmt::format("n{}", random.below(3)));
    made.body += "--" + made.boundary + "\r\nContent-Disposition: form-data; name=" + made.names.back() +
                 (random.chance(0.5f) ? "; filename=\"f\"" : "") + "\r\n\r\n" + value + "\r\n";
  }
  made.body += "--" + made.boundary + "--";
  return made;
}

TEST(FormTest, RandomFormsRoundTripFromMemoryAndFile) {
  TestFolder folder;
  const FormLimits limits{.memory_file = 100, .spool = folder.path()};
  Random random(1, "form");
  for (int i = 0; i < 400; ++i) {
    const auto made = random_form(random);
    auto request = form(made.body, "multipart/form-data; boundary=\"" + made.boundary + "\"");
    if (i % 4 == 0) request.body = Content(folder.file("body", made.body), made.body.size());
    const auto parts = parse_form(request, limits);
    ASSERT_EQ(parts.size(), made.values.size()) << i;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      EXPECT_EQ(parts[k].name, made.names[k]);
      EXPECT_TRUE(parts[k].content.text() == made.values[k]) << i;
    }
  }
  EXPECT_EQ(folder.files(), 0);
}

TEST(FormTest, TruncatedAndDamagedFormsAreRefusedOrRead) {
  TestFolder folder;
  const FormLimits limits{.memory_file = 100, .spool = folder.path()};
  Random random(2, "form");
  for (int i = 0; i < 2000; ++i) {
    const auto made = random_form(random);
    auto body = made.body.substr(0, random.below(static_cast<std::uint32_t>(made.body.size())));
    const bool damaged = i % 2;
    for (int k = 0; damaged && k < 3 && !body.empty(); ++k) {
      body[random.below(static_cast<std::uint32_t>(body.size()))] = static_cast<char>(random.below(256));
    }
    const auto type = "multipart/form-data; boundary=\"" + made.boundary + "\"";
    const int status = refusal_of([&] { parse_form(form(body, type), limits); }).first;
    EXPECT_TRUE(status == 400 || (damaged && status == 0)) << status << percent_encode(body.substr(0, 500));
  }
  EXPECT_EQ(folder.files(), 0);
}

}  // namespace
}  // namespace hotshot::net
