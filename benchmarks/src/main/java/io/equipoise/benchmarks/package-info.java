/** One benchmark an operation: the same data, one implementation a method. See README.md for how to run and read them. */
@NullMarked
package io.equipoise.benchmarks;

import org.jspecify.annotations.NullMarked;
