// Every way into the service: a row for each route, beside it in the router or not at all (openapi_test.cpp).
#include <array>

#include "service/openapi.h"

namespace hotshot::service {
namespace {

constexpr const char* kUpload = "application/octet-stream";
constexpr const char* kFile = "200 application/octet-stream;206 application/octet-stream;304";
constexpr const char* kOpen = "";

constexpr auto kOperations = std::to_array<Operation>({
    // ---- the service itself
    {"GET", "/healthz", "getHealth", "operations", "Whether the server lives", kOpen, "", "200 text/plain"},
    {"GET", "/readyz", "getReadiness", "operations", "Whether it should be sent requests; 503 before its end", kOpen,
     "", "200 text/plain;503 json:Error"},
    {"GET", "/metrics", "getMetrics", "operations", "Numbers for Prometheus", "read", "", "200 text/plain"},
    {"GET", "/openapi.json", "getDocument", "operations", "This document", kOpen, "", "200 json:object"},

    // ---- session and accounts
    {"GET", "/api/v1/session", "getSession", "session", "Who I am here", kOpen, "", "200 json:Session"},
    {"POST", "/api/v1/session", "signIn", "session", "Sign in", kOpen, "json:Credentials", "200 json:Session"},
    {"DELETE", "/api/v1/session", "signOut", "session", "Sign out", kOpen, "", "204"},
    {"POST", "/api/v1/setup", "setUp", "session", "The first account", kOpen, "json:SetUp", "200 json:Session"},
    {"POST", "/api/v1/invitation/look", "lookAtInvitation", "session", "Whom an invitation is for", kOpen,
     "json:InvitationSecret", "200 json:InvitationName"},
    {"POST", "/api/v1/invitation", "acceptInvitation", "session", "Choose a password", kOpen, "json:Acceptance",
     "200 json:Session"},
    {"POST", "/api/v1/password", "changePassword", "session", "Another password; other sessions end", "generate",
     "json:PasswordChange", "200 json:Session"},
    {"GET", "/api/v1/sessions", "listSessions", "session", "Browsers that are signed in", "generate", "",
     "200 json:Sessions"},
    {"DELETE", "/api/v1/sessions", "endOtherSessions", "session", "Sign all others out", "generate", "", "204"},
    {"DELETE", "/api/v1/sessions/{id}", "endSession", "session", "Sign one out", "generate", "", "204"},
    {"GET", "/api/v1/accounts", "listAccounts", "accounts", "All accounts", "admin", "", "200 json:Accounts"},
    {"POST", "/api/v1/accounts", "invite", "accounts", "Invite somebody", "admin", "json:NewAccount",
     "201 json:Invited"},
    {"PATCH", "/api/v1/accounts/{id}", "changeAccount", "accounts", "Change an account", "admin", "json:AccountChange",
     "200 json:Account"},
    {"POST", "/api/v1/accounts/{id}/reset", "resetAccount", "accounts", "A link for another password", "admin", "",
     "200 json:Invited"},
    {"DELETE", "/api/v1/accounts/{id}", "removeAccount", "accounts", "Remove an account", "admin", "", "204",
     R"({"clips?": "one of remove"})"},
    {"GET", "/api/v1/audit", "listAudit", "accounts", "Who did what", "admin", "", "200 json:Audit",
     R"({"after?": "string"})"},
    {"GET", "/api/v1/keys", "listKeys", "keys", "My keys", "generate", "", "200 json:Keys"},
    {"POST", "/api/v1/keys", "makeKey", "keys", "A key; its secret is shown once", "generate", "json:NewKey",
     "201 json:MadeKey"},
    {"DELETE", "/api/v1/keys/{id}", "revokeKey", "keys", "End a key", "generate", "", "204"},

    // ---- models and the world
    {"GET", "/api/v1/models", "listModels", "models", "Models and what they make", "read", "", "200 json:Models"},
    {"GET", "/api/v1/world/words", "listWords", "models", "Words the world's models know", kOpen, "",
     "200 json:object"},
    {"GET", "/api/v1/world/ideas", "listIdeas", "models", "Prompts to begin with", kOpen, "", "200 json:Ideas",
     R"({"language?": "string"})"},

    // ---- jobs
    {"POST", "/api/v1/jobs", "createJobs", "jobs", "Queue clips of one prompt", "generate", "json:NewJobs",
     "201 json:JobList;200 json:JobList"},
    {"GET", "/api/v1/jobs", "listJobs", "jobs", "My jobs, a page", "read", "", "200 json:JobPage",
     R"({"limit?": "integer 1..200", "after?": "string", "order?": "one of asc, desc", "status?": "string", "q?":
      "string", "folder?": "string", "favourite?": "boolean", "trashed?": "boolean", "group?": "string", "parent?":
      "string", "kind?": "string"})"},
    {"GET", "/api/v1/jobs/{id}", "getJob", "jobs", "A job", "read", "", "200 json:Job"},
    {"PATCH", "/api/v1/jobs/{id}", "changeJob", "jobs", "Name it, file it, trash it", "generate", "json:JobChange",
     "200 json:Job"},
    {"DELETE", "/api/v1/jobs/{id}", "removeJob", "jobs", "Remove it for good", "generate", "", "204"},
    {"POST", "/api/v1/jobs/{id}/cancel", "cancelJob", "jobs", "Stop it", "generate", "", "200 json:Job"},
    {"POST", "/api/v1/jobs/{id}/retry", "retryJob", "jobs", "The same once more", "generate", "", "201 json:JobList"},
    {"GET", "/api/v1/jobs/{id}/files/{role}", "getJobFile", "jobs", "A file; ranges are answered", "read", "", kFile,
     R"({"download?": "string"})"},
    {"GET", "/api/v1/jobs/{id}/preview", "getJobPreview", "jobs", "What is there so far", "read", "",
     "200 image/png;206 image/png;304", R"({"v?": "string"})"},
    {"GET", "/api/v1/jobs/{id}/lineage", "getJobLineage", "jobs", "What it came from and what came of it", "read", "",
     "200 json:Lineage"},
    {"POST", "/api/v1/jobs/{id}/share", "shareJob", "jobs", "Make a public link", "generate", "", "200 json:Job"},
    {"DELETE", "/api/v1/jobs/{id}/share", "unshareJob", "jobs", "End the public link", "generate", "", "200 json:Job"},
    {"GET", "/api/v1/folders", "listFolders", "jobs", "My folders", "read", "", "200 json:Folders"},
    {"POST", "/api/v1/recipes", "readRecipe", "jobs", "The settings in a file made here", "read", "upload:file",
     "200 json:RecipeAnswer"},
    {"POST", "/api/v1/verify", "verifyFile", "jobs", "What a file says of its origin", "read", "upload:file",
     "200 json:Origin"},
    {"GET", "/api/v1/events", "listen", "jobs", "Changes as they happen", "read", "", "200 text/event-stream"},
    {"GET", "/api/v1/export", "exportAll", "archive", "Everything of mine", "read", "", "200 application/zip"},
    {"POST", "/api/v1/import", "importAll", "archive", "Take an export in", "generate", "application/zip",
     "200 json:ImportReport"},

    // ---- webhooks
    {"GET", "/api/v1/webhooks", "listWebhooks", "webhooks", "Who is told when my jobs end", "read", "",
     "200 json:Webhooks"},
    {"POST", "/api/v1/webhooks", "makeWebhook", "webhooks", "Tell a URL; the secret that signs is shown once",
     "generate", "json:NewWebhook", "201 json:MadeWebhook"},
    {"GET", "/api/v1/webhooks/{id}", "getWebhook", "webhooks", "A webhook", "read", "", "200 json:Webhook"},
    {"PATCH", "/api/v1/webhooks/{id}", "changeWebhook", "webhooks", "Change it", "generate", "json:WebhookChange",
     "200 json:Webhook"},
    {"DELETE", "/api/v1/webhooks/{id}", "removeWebhook", "webhooks", "Remove it", "generate", "", "204"},
    {"POST", "/api/v1/webhooks/{id}/rotate", "rotateWebhook", "webhooks", "Another secret", "generate",
     "json:WebhookRotation", "200 json:MadeWebhook"},
    {"POST", "/api/v1/webhooks/{id}/test", "testWebhook", "webhooks", "Send it something now", "generate",
     "json:WebhookTest", "200 json:WebhookTested"},
    {"GET", "/api/v1/webhooks/{id}/deliveries", "listDeliveries", "webhooks", "What was sent, a page", "read", "",
     "200 json:Deliveries", R"({"limit?": "integer", "after?": "string"})"},
    {"POST", "/api/v1/webhooks/{id}/deliveries/{delivery}/retry", "retryDelivery", "webhooks", "Send it once more",
     "generate", "", "204"},

    // ---- OpenAI
    {"POST", "/v1/videos", "openaiCreateVideo", "OpenAI", "Queue a clip", "generate",
     "json:OpenAIVideoRequest form:OpenAIVideoRequest", "200 json:OpenAIVideo"},
    {"GET", "/v1/videos", "openaiListVideos", "OpenAI", "Clips, a page", "read", "", "200 json:OpenAIVideos",
     R"({"limit?": "integer", "after?": "string", "order?": "one of asc, desc"})"},
    {"GET", "/v1/videos/{id}", "openaiGetVideo", "OpenAI", "A clip", "read", "", "200 json:OpenAIVideo"},
    {"DELETE", "/v1/videos/{id}", "openaiDeleteVideo", "OpenAI", "Remove a clip", "generate", "",
     "200 json:OpenAIDeleted"},
    {"GET", "/v1/videos/{id}/content", "openaiGetContent", "OpenAI", "Its file", "read", "", kFile,
     R"({"variant?": "one of video, thumbnail, spritesheet"})"},
    {"POST", "/v1/videos/{id}/remix", "openaiRemix", "OpenAI", "The same with other words", "generate",
     "json:OpenAIRemix form:OpenAIRemix", "200 json:OpenAIVideo"},
    {"POST", "/v1/content_provenance_checks", "openaiCheckProvenance", "OpenAI", "What a file says of its origin",
     "read", "upload:file", "200 json:OpenAIProvenanceCheck"},
    {"POST", "/v1/videos/edits", "openaiEditVideo", "OpenAI", "Not possible here: 400 unsupported", "generate", kUpload,
     "200"},
    {"POST", "/v1/videos/extensions", "openaiExtendVideo", "OpenAI", "Not possible here: 400 unsupported", "generate",
     kUpload, "200"},
    {"POST", "/v1/videos/characters", "openaiCreateCharacter", "OpenAI", "Not possible here: 400 unsupported",
     "generate", kUpload, "200"},
    {"GET", "/v1/videos/characters/{id}", "openaiGetCharacter", "OpenAI", "Not possible here: 400 unsupported",
     "generate", "", "200"},
    {"GET", "/v1/models", "openaiListModels", "OpenAI", "Models", "read", "", "200 json:OpenAIModels"},
    {"GET", "/v1/models/{id}", "openaiGetModel", "OpenAI", "A model", "read", "", "200 json:OpenAIModel"},
    {"POST", "/v1/images/generations", "openaiCreateImage", "OpenAI", "Pictures, or a GIF of several frames",
     "generate", "json:OpenAIImageRequest form:OpenAIImageRequest", "200 json:OpenAIImages text/event-stream"},
    {"POST", "/v1/images/edits", "openaiEditImage", "OpenAI", "Not possible here: 400 unsupported", "generate", kUpload,
     "200"},
    {"POST", "/v1/images/variations", "openaiVaryImage", "OpenAI", "Not possible here: 400 unsupported", "generate",
     kUpload, "200"},

    {"GET", "/v1/webhook_event_types", "openaiListEventTypes", "OpenAI", "What a webhook can be told", "read", "",
     "200 json:OpenAIEventTypes"},
    {"GET", "/v1/webhook_endpoints", "openaiListEndpoints", "OpenAI", "Webhooks, a page", "read", "",
     "200 json:OpenAIEndpoints", R"({"limit?": "integer", "after?": "string"})"},
    {"POST", "/v1/webhook_endpoints", "openaiCreateEndpoint", "OpenAI", "Make a webhook", "generate",
     "json:OpenAINewEndpoint", "200 json:OpenAIMadeEndpoint"},
    {"GET", "/v1/webhook_endpoints/{id}", "openaiGetEndpoint", "OpenAI", "A webhook", "read", "",
     "200 json:OpenAIEndpoint"},
    {"POST", "/v1/webhook_endpoints/{id}", "openaiChangeEndpoint", "OpenAI", "Change it", "generate",
     "json:OpenAIEndpointChange", "200 json:OpenAIEndpoint"},
    {"DELETE", "/v1/webhook_endpoints/{id}", "openaiDeleteEndpoint", "OpenAI", "Remove it", "generate", "",
     "200 json:OpenAIDeletedEndpoint"},
    {"POST", "/v1/webhook_endpoints/{id}/rotate_secret", "openaiRotateSecret", "OpenAI", "Another secret", "generate",
     "json:OpenAIRotation", "200 json:OpenAIMadeEndpoint"},
    {"POST", "/v1/webhook_endpoints/{id}/test", "openaiTestEndpoint", "OpenAI", "Send it something now", "generate",
     "json:OpenAIEndpointTest", "200 json:OpenAIEndpointTested"},

    // ---- xAI
    {"POST", "/xai/v1/videos/generations", "xaiCreateVideo", "xAI", "Queue a clip", "generate",
     "json:XaiRequest form:XaiRequest", "200 json:XaiAccepted"},
    {"GET", "/xai/v1/videos/{id}", "xaiGetVideo", "xAI", "How far it is; 202 until it is done", "read", "",
     "200 json:XaiVideo;202 json:XaiVideo"},
    {"POST", "/xai/v1/videos/edits", "xaiEditVideo", "xAI", "Not possible here: 400 unsupported", "generate", kUpload,
     "200"},
    {"POST", "/xai/v1/videos/extensions", "xaiExtendVideo", "xAI", "Not possible here: 400 unsupported", "generate",
     kUpload, "200"},

    // ---- OpenRouter
    {"POST", "/openrouter/api/v1/videos", "openrouterCreateVideo", "OpenRouter", "Queue a clip", "generate",
     "json:OpenRouterRequest form:OpenRouterRequest", "202 json:OpenRouterVideo"},
    {"GET", "/openrouter/api/v1/videos/models", "openrouterListModels", "OpenRouter", "Models and what each takes",
     "read", "", "200 json:OpenRouterModels"},
    {"GET", "/openrouter/api/v1/videos/{id}", "openrouterGetVideo", "OpenRouter", "How far it is", "read", "",
     "200 json:OpenRouterVideo"},
    {"GET", "/openrouter/api/v1/videos/{id}/content", "openrouterGetContent", "OpenRouter", "Its file", "read", "",
     kFile, R"({"index?": "integer"})"},

    // ---- agents, links, the studio
    {"POST", "/mcp", "mcp", "MCP", "Model Context Protocol: JSON-RPC 2.0", "read", "json:RpcRequest",
     "200 json:RpcAnswer;202;400 json:RpcAnswer"},
    {"GET", "/files/{id}/{role}", "getSignedFile", "links", "A file by a signed link", kOpen, "", kFile,
     R"({"until": "string", "by": "string"})"},
    {"GET", "/s/{secret}", "getSharedPage", "links", "The page behind a public link", kOpen, "", "200 text/html"},
    {"GET", "/s/{secret}/{role}", "getSharedFile", "links", "A file behind a public link", kOpen, "", kFile},
    {"GET", "/shared.css", "getSharedStyle", "links", "The look of that page", kOpen, "", "200 text/css"},
    {"GET", "/", "getStudio", "links", "The studio", kOpen, "", "200 text/html text/plain;304"},
});

}  // namespace

std::span<const Operation> operations() { return kOperations; }

}  // namespace hotshot::service
