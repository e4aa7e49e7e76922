@NullMarked
package io.equipoise.metrics;

import org.jspecify.annotations.NullMarked;
