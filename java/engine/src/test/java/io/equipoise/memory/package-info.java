/** Conversions and views, exhaustively where that is cheap. */
@NullMarked
package io.equipoise.memory;

import org.jspecify.annotations.NullMarked;
