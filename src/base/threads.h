// How many threads this machine runs at once.
#pragma once

namespace hotshot {

/// Processors this process may use: at least 1.
int hardware_threads();

}  // namespace hotshot
