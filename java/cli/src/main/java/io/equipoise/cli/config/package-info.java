/** A run's configuration: strict YAML in, resolved YAML out. */
@NullMarked
package io.equipoise.cli.config;

import org.jspecify.annotations.NullMarked;
