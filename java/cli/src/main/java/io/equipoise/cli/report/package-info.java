/** The outcome of a run, for people: a table, and a page with curves that needs nothing but a browser. */
@NullMarked
package io.equipoise.cli.report;

import org.jspecify.annotations.NullMarked;
