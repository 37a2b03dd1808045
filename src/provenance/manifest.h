// Puts a manifest store together.
#pragma once

#include <string>
#include <string_view>

#include "provenance/cbor.h"
#include "provenance/certificate.h"
#include "provenance/signer.h"

namespace hotshot::provenance {

/// A store of one manifest, signed. `binding_label` and `binding` are its hard binding. Its length depends on the
/// lengths in its parts alone; its ids come from the binding, the statement and the certificate.
std::string build_store(const Identity& identity, const Statement& statement, std::string_view binding_label,
                        const cbor::Value& binding);

}  // namespace hotshot::provenance
