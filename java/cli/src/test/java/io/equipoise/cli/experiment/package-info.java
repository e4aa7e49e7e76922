@NullMarked
package io.equipoise.cli.experiment;

import org.jspecify.annotations.NullMarked;
