@NullMarked
package io.equipoise.cli;

import org.jspecify.annotations.NullMarked;
