#include "provenance/signer.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "provenance/binding.h"
#include "provenance/manifest.h"

namespace hotshot::provenance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTrustFile = "trust.pem";
constexpr std::size_t kHashBytes = 32;

/// Makes an identity in `folder`, or leaves the one that another process put there first.
void make_folder_of_identity(const fs::path& folder) {
  if (folder.has_parent_path()) make_folders(folder.parent_path(), "signing");
  std::string name = folder.string() + ".XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "signing", "cannot create {}: {}", name, std::strerror(errno));
  std::error_code error, ignored;
  try {
    write_identity(make_identity(), name);
    fs::rename(name, folder, error);
  } catch (...) {
    fs::remove_all(name, ignored);
    throw;
  }
  if (error) fs::remove_all(name, ignored);
  require(fs::exists(folder / kKeyFile), "signing",
          "expected {} and {} in {}, or an empty folder to make them in, but {}", kKeyFile, kChainFile, folder.string(),
          error.message());
}

/// A block whose store has every byte in its place but means nothing yet.
struct Draft {
  Range block;
  std::uint64_t store_size = 0;
};

std::string zero_hash() { return std::string(kHashBytes, '\0'); }

cbor::Value binding_of(const Container& container, const Range& block, std::string hash) {
  return container.boxes ? box_binding(std::move(hash)) : data_binding(block, std::move(hash));
}

std::string_view binding_label(const Container& container) { return container.boxes ? kBoxHash : kDataHash; }

// A data hash says how long the block is that it is in: grows until it fits itself.
Draft draft_of(const Identity& identity, const Statement& statement, const Container& container, std::uint64_t at) {
  Draft draft{{at, at}};
  for (;;) {
    const cbor::Value binding = binding_of(container, draft.block, zero_hash());
    const std::string store = build_store(identity, statement, binding_label(container), binding);
    const Range block{at, at + container.wrap(store).size()};
    draft.store_size = store.size();
    if (block.end == draft.block.end) return draft;
    draft.block = block;
  }
}

void overwrite(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(offset));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  ensure(out.good(), "signing", "cannot write {}", path.string());
}

void write_draft(const media::ByteReader& file, const Container& container, const Draft& draft, const fs::path& path) {
  const std::uint64_t at = draft.block.begin;
  const auto grows = static_cast<std::int64_t>(draft.block.end - at);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  rewrite(file, {at, at}, container.wrap(std::string(draft.store_size, '\0')), container.patches(file, at, grows),
          [&](std::string_view bytes) { out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); });
  out.close();
  ensure(out.good(), "signing", "cannot write {}", path.string());
}

}  // namespace

struct Signer::State {
  Identity identity;
};

Signer::Signer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

Signer Signer::open(const fs::path& folder) {
  if (!fs::exists(folder / kKeyFile) && !fs::exists(folder / kChainFile)) make_folder_of_identity(folder);
  auto state = std::make_unique<State>();
  state->identity = read_identity(folder);
  return Signer(std::move(state));
}

bool Signer::sign(const fs::path& path, const Statement& statement) const {
  const media::ByteReader file(path);
  const Container* container = container_in(file);
  if (!container) return false;
  require(!container->find(file), "signing", "expected a file without a manifest but {} has one", path.string());
  const Identity& identity = state_->identity;
  const Draft draft = draft_of(identity, statement, *container, container->place(file));
  AtomicFile out(path);
  write_draft(file, *container, draft, out.path());
  const std::string hash = [&] {
    const media::ByteReader drafted(out.path());
    if (container->boxes) return box_hash(drafted, "sha256", box_binding(zero_hash()));
    return hash_without(drafted, "sha256", {draft.block});
  }();
  const std::string store =
      build_store(identity, statement, binding_label(*container), binding_of(*container, draft.block, hash));
  ensure(store.size() == draft.store_size, "signing", "expected a store of {} bytes but got {}", draft.store_size,
         store.size());
  overwrite(out.path(), draft.block.begin, container->wrap(store));
  out.commit();
  return true;
}

Anchors read_anchors(const fs::path& folder) {
  Anchors anchors;
  if (fs::exists(folder / kChainFile)) anchors.push_back(read_certificates(folder / kChainFile).front());
  if (fs::exists(folder / kTrustFile)) {
    for (std::string& certificate : read_certificates(folder / kTrustFile)) anchors.push_back(std::move(certificate));
  }
  return anchors;
}

std::string without_manifest(const fs::path& path) {
  const media::ByteReader file(path);
  const Container* container = container_in(file);
  const std::optional<Embedded> found = container ? container->find(file) : std::nullopt;
  std::string bytes;
  const auto send = [&](std::string_view piece) { bytes += piece; };
  if (!found) {
    rewrite(file, {0, 0}, {}, {}, send);
  } else {
    const Range cut = found->block;
    rewrite(file, cut, {}, container->patches(file, cut.end, -static_cast<std::int64_t>(cut.end - cut.begin)), send);
  }
  return bytes;
}

}  // namespace hotshot::provenance
