@NullMarked
package io.equipoise.cli.summary;

import org.jspecify.annotations.NullMarked;
