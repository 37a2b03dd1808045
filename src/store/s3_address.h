// Where a bucket is and with which keys it is opened: settings, filled up from the usual environment.
#pragma once

#include <string>

#include "store/sigv4.h"

namespace hotshot::store {

/// What an owner says; empty members are taken from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (the last only together with the keys).
struct S3Settings {
  std::string url;            // "s3://bucket" or "s3://bucket/prefix"
  std::string endpoint = {};  // "https://s3.example.org", "http://127.0.0.1:9000"; empty, also there: Amazon's
  std::string region = {};    // empty, also there: "us-east-1"
  std::string access_key = {};
  std::string secret_key = {};
};

struct S3Address {
  std::string bucket;
  std::string prefix;     // of every key: "" or "a/b/"
  std::string scheme;     // "https" or "http"
  std::string host;       // with a port that is not the scheme's; with the bucket where Amazon wants it there
  std::string base_path;  // before every key: "" or "/bucket", behind the endpoint's own path
  bool own_endpoint = false;
  S3Signer signer;

  /// "s3://bucket/prefix", for messages.
  std::string shown() const;
};

bool is_s3_url(const std::string& url);

/// InvalidArgument, "[s3] …", for settings that cannot be or are not complete.
S3Address s3_address(const S3Settings& settings);

}  // namespace hotshot::store
