/** What the experiments' results say: figures over seeds, the paper's claims one by one, tables and plots. */
@NullMarked
package io.equipoise.cli.summary;

import org.jspecify.annotations.NullMarked;
