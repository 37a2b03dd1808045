#include "service/base64.h"

#include <gtest/gtest.h>

namespace hotshot::service {
namespace {

TEST(Base64, ThereAndBack) {
  for (const auto& [bytes, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {std::string("\0\xff\xfe", 3), "AP/+"}}) {  // RFC 4648, section 10
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zm9v\n", "Zm=v", "Zm9-", " Zm8="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

}  // namespace
}  // namespace hotshot::service
