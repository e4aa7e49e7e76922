/** What all packages of the engine share. */
@NullMarked
package io.equipoise;

import org.jspecify.annotations.NullMarked;
