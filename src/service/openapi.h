// The service's interfaces as an OpenAPI 3.1 document, made of two tables: operations (openapi_operations.cpp) and
// schemas (openapi_schemas.cpp). A test compares it with the router, both ways, and answers with their schemas.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// One row of the document.
struct Operation {
  const char* method;
  const char* pattern;  // as in the router; what stands in braces becomes path parameters
  const char* id;
  const char* tag;
  const char* summary;
  /// "read", "generate" or "admin": the scope a key needs. "": open to everybody.
  const char* scope = "read";
  /// What may be sent and what comes back, one piece for each kind, parted by spaces: "json:NAME" and "form:NAME"
  /// (multipart and urlencoded) with a schema's name, or a media type as it is. Answers begin with their status: "201
  /// json:Job", several parted by ';'.
  const char* body = "";
  const char* answer = "200";
  /// Query parameters by name, as members of a schema.
  const char* query = "{}";
};

std::span<const Operation> operations();

/// Members of JSON objects: {"Name": {"member": "type"}}. Types: string, integer, number, boolean, object (any
/// members), any, time (milliseconds since 1970), NAME of a schema, "[T]" a list, "{T}" an object of them, "one of a,
/// b"; behind it " 1..16" for bounds (of a number, of a text's length) and " or null". A name that ends with '?' may be
/// missing.
extern const std::string_view kSchemas;

/// A type of that notation as JSON Schema. std::runtime_error where it is none.
nlohmann::ordered_json type_schema(std::string_view type);

/// The document; `server`: its base URL.
nlohmann::ordered_json openapi_document(const std::string& server);

/// GET /openapi.json, open to everybody.
void add_openapi(net::Router& router, Service& service);

}  // namespace hotshot::service
