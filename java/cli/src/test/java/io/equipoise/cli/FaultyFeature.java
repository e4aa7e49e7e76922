package io.equipoise.cli;

import io.equipoise.target.Feature;
import io.equipoise.target.FeatureProvider;
import java.util.Map;

/** A plug-in with a fault: what it throws looks like a refusal of what the user wrote, and isn't. */
public final class FaultyFeature implements FeatureProvider {
    @Override
    public String name() {
        return "faulty";
    }

    @Override
    public Feature create(Map<String, String> options) {
        if (!options.isEmpty()) throw new IllegalArgumentException("feature faulty takes no options, got " + options);
        return text -> Integer.parseInt("text: " + text);
    }
}
