/** Divergence estimators and diversity metrics. */
@NullMarked
package io.equipoise.metrics;

import org.jspecify.annotations.NullMarked;
