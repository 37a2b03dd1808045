// Who may use the service: accounts, the keys of their programs, and the sessions of their browsers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace hotshot::store {

enum class Role { member, admin };
std::string_view role_name(Role role);
Role parse_role(std::string_view name);

/// Id of the account that requests have where no sign-in is asked for.
inline constexpr std::string_view kLocalAccount = "acct_local";

struct Account {
  std::string id;    // "acct_…"
  std::string name;  // unique without case, 1 to 64 characters, no control characters
  Role role = Role::member;
  bool disabled = false;
  std::optional<std::int64_t> clips_per_day;  // instead of the service's own setting; 0 = no bound
  std::int64_t created_ms = 0;
  bool has_password = false;  // false: cannot sign in, for it was invited only, or is "local"
};

/// What an account may not become as things are; `code` for programs: "name_taken", "last_admin", "not_empty".
class AccountConflict : public InvalidArgument {
 public:
  AccountConflict(std::string code, const std::string& message) : InvalidArgument(message), code(std::move(code)) {}
  std::string code;
};

/// A link by which an account gets its first password, or another one. Good once; only its SHA-256 is kept.
struct Invitation {
  Account account;
  std::string secret;
  std::int64_t expires_ms = 0;
};

/// A browser that is signed in.
struct Session {
  std::string id;      // says nothing of the secret
  std::string device;  // as the browser names itself, or empty
  std::int64_t created_ms = 0, expires_ms = 0;
  std::optional<std::int64_t> last_used_ms;
};

/// What a key may do: "read" what is there, "generate" (and read), "admin" (everything).
enum class Scope { read, generate, admin };
std::string_view scope_name(Scope scope);
Scope parse_scope(std::string_view name);

struct Key {
  std::string id;  // "key_…"
  std::string account;
  std::string name;
  std::string hint;  // "sk-…last4"
  Scope scope = Scope::generate;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> expires_ms, last_used_ms;
};

struct NewKey {
  Key key;
  std::string secret;  // "sk-" + 43 characters, shown once: only its SHA-256 is kept
};

/// Whoever stands behind a request.
struct Identity {
  Account account;
  Scope scope = Scope::generate;
  std::string key;           // id; empty for a browser's session
  std::string session = {};  // id; empty for a key, and where nobody signs in
};

/// Thread-safe. Secrets are stored as SHA-256 (they are random), passwords as Argon2id.
class Accounts {
 public:
  explicit Accounts(Database& database) : database_(database) {}

  /// No account that can sign in yet: the service shows a set-up link with this secret, the same until the first
  /// account is made.
  bool empty();
  std::string setup_secret();
  /// Makes the first account, an admin. InvalidArgument for a wrong secret or once there is one.
  Account set_up(std::string_view secret, const std::string& name, const std::string& password);

  /// Passwords have 8 to 256 bytes. AccountConflict for a name that is taken.
  Account create(const std::string& name, const std::string& password, Role role);
  /// The account that requests from this machine have where no sign-in is asked for ("local"); an admin, made at its
  /// first use, without a password.
  Account local();
  std::optional<Account> find(const std::string& id);
  std::vector<Account> list();
  /// Name, role, disabled, clips_per_day; a disabled account's sessions end. AccountConflict where the name is taken,
  /// or where it would leave no admin who can sign in.
  void update(const Account& account);
  /// Ends the account's sessions. InvalidArgument for the local account, which has none.
  void set_password(const std::string& id, const std::string& password);
  /// Sessions and keys go too. AccountConflict while it has jobs, or for the last admin who can sign in.
  void remove(const std::string& id);

  /// An account without a password, and the link by which its owner chooses one within a week.
  Invitation invite(const std::string& name, Role role, std::optional<std::int64_t> clips_per_day = {});
  /// Another link, for who forgot a password or lost the first link: earlier ones, the password and the sessions end,
  /// keys stay. InvalidArgument for the local account, AccountConflict for the last admin who can sign in.
  Invitation reset(const std::string& id);
  /// Whom a link is for; empty for one that is used, replaced, over, or of a disabled account.
  std::optional<Invitation> invitation(std::string_view secret);
  /// Sets the password and ends the link. InvalidArgument where invitation() is empty.
  Account accept(std::string_view secret, const std::string& password);
  /// When the open links of accounts end, by account.
  std::map<std::string, std::int64_t> open_invitations();

  /// Empty for a wrong name or password, or a disabled account; takes as long either way. After 5 failures within 15
  /// minutes for a name from a peer, or 50 from a peer, it stays empty for that peer, at once and for the right
  /// password too, until they have passed. A success forgets the failures of its name from its peer.
  std::optional<Account> sign_in(const std::string& name, const std::string& password, const std::string& peer);
  /// How long to wait before sign_in() of that name: 0, and from 20 failures within 15 minutes, whoever made them, 1 to
  /// 16 seconds, so that many peers together guess slowly and yet lock nobody out.
  std::chrono::milliseconds sign_in_delay(const std::string& name);
  /// A new session's secret.
  std::string start_session(const std::string& account, std::int64_t lifetime_ms = 30ll * 24 * 3600 * 1000,
                            const std::string& device = {});
  /// Whoever a session belongs to; notes its use (at most once a minute).
  std::optional<Identity> session(std::string_view secret);
  void end_session(std::string_view secret);
  /// Those of an account that are not over, the newest first.
  std::vector<Session> sessions(const std::string& account);
  /// Ends one of an account's by its id, or all but that one.
  void end_session(const std::string& account, const std::string& id);
  void end_other_sessions(const std::string& account, const std::string& id);

  /// InvalidArgument for a scope beyond the account's role. Should the role fall later, so does what the key may do.
  NewKey create_key(const std::string& account, const std::string& name, Scope scope,
                    std::optional<std::int64_t> expires_ms = {});
  std::vector<Key> keys(const std::string& account);
  void revoke_key(const std::string& account, const std::string& id);
  /// Whoever a key belongs to; notes its use (at most once a minute).
  std::optional<Identity> key(std::string_view secret);

 private:
  Database& database_;
};

}  // namespace hotshot::store
