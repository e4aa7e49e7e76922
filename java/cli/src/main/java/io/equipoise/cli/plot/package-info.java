/** Figures for papers and READMEs as SVG: panels side by side, one legend, told apart without colour. */
@NullMarked
package io.equipoise.cli.plot;

import org.jspecify.annotations.NullMarked;
