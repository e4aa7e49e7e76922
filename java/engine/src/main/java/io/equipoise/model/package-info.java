/** Causal language models on libtorch, their files and tokenizers. The only package that imports {@code org.bytedeco.pytorch}. */
@NullMarked
package io.equipoise.model;

import org.jspecify.annotations.NullMarked;
