@NullMarked
package io.equipoise.cli.config;

import org.jspecify.annotations.NullMarked;
