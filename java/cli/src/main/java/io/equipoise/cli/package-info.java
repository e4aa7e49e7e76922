/** The command line: what users type, what runs leave behind, and what went wrong in one sentence. */
@NullMarked
package io.equipoise.cli;

import org.jspecify.annotations.NullMarked;
