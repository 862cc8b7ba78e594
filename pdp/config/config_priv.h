/* config_priv.h — between the files of pdp/config
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CONFIG_CONFIG_PRIV_H
#define CARDEA_CONFIG_CONFIG_PRIV_H

#include "config/config.h"
#include "store/yaml_value.h"

enum param_type { BOOL, INT, SIZE, DURATION, TEXT, CHOICE, MODE, TEXTS, TREE, KEYSETS };
enum param_status { OBEYED, OURS, QUIET, WARN, REFUSE };

struct param {
    str path;
    uint8_t type;   /* enum param_type                        */
    uint8_t status; /* enum param_status                      */
    bool stored;    /* `at` is valid                          */
    uint16_t at;    /* offset in struct config                */
    str fallback;   /* default, as it would be written        */
    int64_t least, most;
    str text;
};

extern const struct param config_params[];
extern const isize config_param_count;

/* What loading knows. */
struct loading {
    const struct config_input *input;
    struct config *out;
    struct diags *diags;
    struct arena *arena;
    struct config_param *params; /* parallel to config_params      */
    str *warned;                 /* reasons that have been told    */
    isize warned_count;
};

extern const struct diag_class err_config_key;   /* unknown key                       */
extern const struct diag_class err_config_value; /* wrong type, out of bounds, …      */
extern const struct diag_class err_config_env;   /* a variable is not set             */
extern const struct diag_class err_config_set;   /* --set is malformed                */
extern const struct diag_class err_config_lack;  /* something that is not there yet   */
extern const struct diag_class warn_config_lack; /* the same, harmless                */

/* Number of the parameter with this path, or -1. */
isize config_find_param(str path);

/* Stores the value of a node as the parameter's. False after a diagnostic. */
bool config_assign(struct loading *l, const struct param *param, const struct config_node *node);

/* Stores the parameter's default. */
void config_assign_default(struct loading *l, const struct param *param);

/* The text of a scalar, whatever the file's syntax made of it, with variables replaced. False
 * after a diagnostic: it is no scalar, or a variable is not set. `path` is for the diagnostic. */
bool config_scalar(struct loading *l, str path, const struct config_node *node, str *out);

/* Stores the key sets of `auxData.jwt.keySets`. False after a diagnostic. */
bool config_assign_key_sets(struct loading *l, const struct param *param, const struct config_node *node);

/* Replaces variables in a text. False after a diagnostic at `span`. */
bool config_expand(struct loading *l, str text, struct span span, str *out);

/* Takes a node as the value of a key: finds the parameter or goes down. */
void config_take(struct loading *l, str path, struct span key_span, const struct config_node *node,
                 uint8_t origin);

/* Reads one argument of --set. */
void config_take_set(struct loading *l, str argument);

#endif
