package io.equipoise.target;

/** Which third-person pronouns have the majority in a text. */
public enum Gender {
    /** More of she, her, hers, herself. */
    FEMALE,
    /** More of he, him, his, himself. */
    MALE,
    /** As many of one as of the other; so too where there are none. */
    NONE
}
