// How sure a measured share is, and how far apart two sets of clips are.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace hotshot::evaluation {

/// A share with the 95 % interval it is known by.
struct Share {
  double value = 0;  // hits / total; 0 without any
  double low = 0;
  double high = 1;
  int hits = 0;
  int total = 0;
};

/// Hits among the clips of one prompt. Clips of one prompt tend to fail together.
struct Cluster {
  int hits = 0;
  int total = 0;
};

/// The score interval (Wilson 1927) of `hits` among `total`, as if it were `effective` independent trials; [0, 1]
/// without any.
Share wilson(int hits, int total, double effective);

/// wilson() with total divided by the design effect of the clusters (Rao & Scott 1992, eq. 1-3), which is taken as at
/// least 1: what clips of one prompt have in common counts once.
Share clustered_share(std::span<const Cluster> clusters);

/// Fréchet distance of two Gaussians fitted to features_nd and features_md (Heusel et al. 2017, eq. 6), in fp64. Needs
/// two rows each; with few rows it is biased upwards, equally for equal numbers.
double frechet_distance(const at::Tensor& features_nd, const at::Tensor& features_md);

/// Mean Euclidean distance between the rows of one set, every pair once; 0 for fewer than two.
double mean_pair_distance(const at::Tensor& features_nd);

/// For every row of `features_nd` the distance to the nearest of `others_md`; the mean of these.
double mean_nearest_distance(const at::Tensor& features_nd, const at::Tensor& others_md);

}  // namespace hotshot::evaluation
