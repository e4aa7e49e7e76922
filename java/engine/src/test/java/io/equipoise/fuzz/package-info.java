/** Inputs by the ten thousand, made from good ones. */
@NullMarked
package io.equipoise.fuzz;

import org.jspecify.annotations.NullMarked;
