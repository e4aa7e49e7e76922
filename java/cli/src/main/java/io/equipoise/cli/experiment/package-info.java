/** The experiments of the method's paper on the embedded model: which runs, how each is measured, what they say. */
@NullMarked
package io.equipoise.cli.experiment;

import org.jspecify.annotations.NullMarked;
