// SPDX-License-Identifier: BSD-2-Clause
// Interrupt sources; see irq.h for what always holds.

#include "irq.h"

#include "kernel.h"
#include "revoke/revoke.h"

#define PLIC_PRIORITY(source)         (plic + 4 * (source))
#define PLIC_ENABLE(context, source)  (plic + 0x2000 + 0x80 * (context) + (source) / 32 * 4)
#define PLIC_THRESHOLD(context)       (plic + 0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context)           (PLIC_THRESHOLD(context) + 4)

#define SERVE_MAX 8 // sources served per interrupt; the rest interrupt again

static word_t plic;
static word_t source_count; // sources are 1 to source_count
static struct irq irqs[IRQS_MAX];
static struct irq_info *infos;

static void plic_write(word_t address, uint32_t value) { hw_device_write((word_t)direct(address), value); }
static uint32_t plic_read(word_t address) { return hw_device_read((word_t)direct(address)); }

void irq_boot(word_t base, word_t sources, struct irq_info *info, env_t init)
{
    plic = base;
    source_count = sources < IRQS_MAX - 1 ? sources : IRQS_MAX - 1;
    infos = info;
    for (word_t source = 1; source <= source_count; source++) {
        infos[source].owner = (uint32_t)init;
        plic_write(PLIC_PRIORITY(source), 0);
    }
}

void irq_boot_hart(struct hart *hart)
{
    for (word_t source = 0; source <= source_count; source += 32) // the firmware may have left some on
        plic_write(PLIC_ENABLE(hart->plic_context, source), 0);
    plic_write(PLIC_THRESHOLD(hart->plic_context), 0);
    hart->plic_claim = (word_t)direct(PLIC_CLAIM(hart->plic_context));
    hart->irqs = irqs;
}

static bool source_is_valid(word_t source) { return source >= 1 && source <= source_count; }

static void source_enable(word_t source, bool on)
{
    plic_write(PLIC_PRIORITY(source), on ? 1 : 0);
    for (word_t i = 0; i < hart_count; i++) {
        word_t address = PLIC_ENABLE(hart_number(i)->plic_context, source);
        uint32_t bit = 1u << source % 32;
        plic_write(address, on ? plic_read(address) | bit : plic_read(address) & ~bit);
    }
}

static void source_complete(struct irq *irq, word_t source)
{
    word_t claim = hart_at(irq->hart)->plic_claim;
    irq->hart = 0; // first: once it is complete, any hart may claim it
    hw_device_write(claim, (uint32_t)source);
}

// A claimed source is completed before it is disabled: afterwards the PLIC would ignore it.
static void source_unbind(word_t source)
{
    struct irq *irq = &irqs[source];
    if (irq->hart != 0)
        source_complete(irq, source);
    if (irq->boundary != 0)
        source_enable(source, false);
    irq->boundary = 0;
    irq->events = 0;
}

static void source_post(struct hart *hart, word_t source)
{
    struct irq *irq = &irqs[source];
    irq->hart = hart->boundary;
    infos[source].claims++;
    if (irq->boundary == 0)
        source_complete(irq, source); // unbound between firing and now
    else
        env_post(env_at(irq->boundary), irq->events);
}

void irq_serve(struct hart *hart)
{
    word_t source = hart->claimed; // by the assembly path
    hart->claimed = 0;
    for (int i = 0; i < SERVE_MAX; i++) {
        if (source == 0)
            source = hw_device_read(hart->plic_claim);
        if (!source_is_valid(source))
            return;
        source_post(hart, source);
        source = 0;
    }
}

void irq_disown(struct env *env, struct env *heir)
{
    for (word_t source = 1; source <= source_count; source++)
        if (infos[source].owner == env->self) {
            source_unbind(source);
            infos[source].owner = (uint32_t)heir->self;
        }
}

enum error irq_take(word_t source, struct env *from, struct env *to)
{
    if (!source_is_valid(source))              return ERR_NOENT;
    if (infos[source].owner != from->self)     return ERR_PERM;

    source_unbind(source);
    infos[source].owner = (uint32_t)to->self;
    return ERR_OK;
}

bool irq_invariant(void)
{
    for (word_t source = 1; source <= source_count; source++) {
        const struct irq *irq = &irqs[source];
        if (env_named(infos[source].owner) == NULL)
            return false;
        if (irq->boundary != 0 && irq->boundary != env_boundary(env_named(infos[source].owner))) // (2)
            return false;
        bool enabled = plic_read(PLIC_ENABLE(hart_number(0)->plic_context, source)) >> source % 32 & 1;
        if (enabled != (irq->boundary != 0)) // (1)
            return false;
    }
    return true;
}

sysret_t sys_irq_bind(word_t source, word_t events)
{
    STRUCTURE_LOCKED();
    struct env *self = env_self();
    if (!source_is_valid(source) || (events & ~EVENTS_OWN))  return refuse(ERR_RANGE);
    if (infos[source].owner != self->self)                   return refuse(ERR_PERM);
    if (events != 0 && irqs[source].boundary != 0)           return refuse(ERR_BUSY);

    if (events == 0) {
        source_unbind(source);
        return done(0);
    }
    irqs[source].events = events;
    irqs[source].boundary = env_boundary(self);
    source_enable(source, true);
    return done(0);
}

sysret_t sys_irq_complete(word_t source)
{
    struct env *self = env_self();
    if (!source_is_valid(source))                             return refuse(ERR_RANGE);
    if (irqs[source].boundary != env_boundary(self))          return refuse(ERR_PERM);
    if (irqs[source].hart == 0)                               return refuse(ERR_STATE);

    source_complete(&irqs[source], source);
    return done(0);
}

sysret_t sys_irq_give(word_t source, env_t to)
{
    STRUCTURE_LOCKED();
    env_t self = env_self()->self;
    struct env *receiver = env_named(to);
    if (!source_is_valid(source))                                return refuse(ERR_RANGE);
    if (infos[source].owner != self && !env_created(self, infos[source].owner)) return refuse(ERR_PERM);
    if (receiver == NULL || receiver->state == ENV_DYING)        return refuse(ERR_NOENT);
    bool wanted = revoke_opens(env_self(), to, REVOKE_IRQS, 1);
    if (to != self && !env_created(self, to) && !wanted)         return refuse(ERR_PERM);
    if (irqs[source].boundary != 0)                              return refuse(ERR_BUSY);

    infos[source].owner = (uint32_t)to;
    revoke_given(env_self(), to, REVOKE_IRQS, 1);
    return done(0);
}
