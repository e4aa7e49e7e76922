/** What the population of texts should look like: features, constraints, and the energy-based target they define. */
@NullMarked
package io.equipoise.target;

import org.jspecify.annotations.NullMarked;
