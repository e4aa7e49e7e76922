package io.equipoise.target;

import java.util.Map;

/**
 * A plug-in's kind of feature, found by {@link java.util.ServiceLoader}: name the class in
 * {@code META-INF/services/io.equipoise.target.FeatureProvider} and a configuration may use its {@link #name()} as a kind.
 */
public interface FeatureProvider {
    /** The kind, as written in a configuration; must differ from the built-in kinds of {@link Features#create}. */
    String name();

    /**
     * A feature of this kind. Training calls it once a text; if it is cheap, let its {@link Feature#scoresPrefixes()} return
     * true, for less noise.
     *
     * @param options as written in the configuration, without the kind; unmodifiable
     * @throws IllegalArgumentException if an option is unknown, missing or malformed; the message says which and what is
     *     possible
     */
    Feature create(Map<String, String> options);
}
