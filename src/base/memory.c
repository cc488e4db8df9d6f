// Memory: allocation that cannot fail quietly, arenas, growing buffers.
// Running out of memory ends the process: what was acknowledged is durable, and half a request is
// worse than none.
#include "base/base.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Each group of payments takes a few megabytes and gives them back; handing them to the system and
// asking for them again cost a tenth of the committer's time in page faults.
void mem_keep_freed(void)
{
    enum { KEPT = 64 << 20 };
    (void)mallopt(M_TRIM_THRESHOLD, KEPT);
    (void)mallopt(M_MMAP_THRESHOLD, KEPT / 2);
}

void *mem_alloc(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);
    if (block == NULL)
        abort();
    return block;
}

void *mem_resize(void *block, size_t size)
{
    void *resized = realloc(block, size > 0 ? size : 1);
    if (resized == NULL)
        abort();
    return resized;
}

char *mem_copy_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);
    memcpy(copy, text, size);
    return copy;
}

void mem_free(void *block)
{
    free(block);
}

void mem_wipe(void *block, size_t size)
{
    if (block != NULL)
        sodium_memzero(block, size);
}

void mem_free_secret(void *block, size_t size)
{
    mem_wipe(block, size);
    free(block);
}

bool mem_equal_secret(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

// --- arena: a list of blocks; the first is kept over resets ---

enum { ARENA_BLOCK = 8192 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

struct arena {
    struct arena_block *first, *current;
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        abort();
    block->next = NULL;
    block->used = 0;
    block->size = size;
    return block;
}

struct arena *arena_new(void)
{
    struct arena *arena = mem_alloc(sizeof *arena);
    arena->first = arena->current = block_new(ARENA_BLOCK);
    return arena;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t rounded = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->current;
    if (block->size - block->used < rounded) {
        block = block_new(rounded > ARENA_BLOCK ? rounded : ARENA_BLOCK);
        arena->current->next = block;
        arena->current = block;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

char *arena_text_n(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    memcpy(copy, text, size);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_text_n(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    char none[1];
    const int needed = vsnprintf(none, sizeof none, format, list);
    va_end(list);
    char *text = arena_alloc(arena, (size_t)needed + 1);
    vsnprintf(text, (size_t)needed + 1, format, again);
    va_end(again);
    return text;
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        sodium_memzero(block->data, block->used);
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena)
{
    blocks_free(arena->first->next);
    arena->first->next = NULL;
    sodium_memzero(arena->first->data, arena->first->used);
    arena->first->used = 0;
    arena->current = arena->first;
}

void arena_free(struct arena **arena)
{
    if (*arena == NULL)
        return;
    blocks_free((*arena)->first);
    free(*arena);
    *arena = NULL;
}

// --- buffer ---

static void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->capacity - buffer->size > more)
        return;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
    while (capacity - buffer->size <= more)
        capacity *= 2;
    buffer->data = mem_resize(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    buffer_reserve(buffer, size);
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    char none[1];
    const int needed = vsnprintf(none, sizeof none, format, list);
    va_end(list);
    buffer_reserve(buffer, (size_t)needed);
    vsnprintf(buffer->data + buffer->size, (size_t)needed + 1, format, again);
    va_end(again);
    buffer->size += (size_t)needed;
}

void buffer_free(struct buffer *buffer)
{
    mem_free(buffer->data);
    *buffer = (struct buffer){0};
}
