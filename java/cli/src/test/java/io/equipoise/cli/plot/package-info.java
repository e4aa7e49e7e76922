@NullMarked
package io.equipoise.cli.plot;

import org.jspecify.annotations.NullMarked;
