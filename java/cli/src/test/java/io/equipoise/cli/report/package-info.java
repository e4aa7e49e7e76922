@NullMarked
package io.equipoise.cli.report;

import org.jspecify.annotations.NullMarked;
