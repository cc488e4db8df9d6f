// image_priv: what runs in the child; stays inside this room.
#ifndef IMAGE_IMAGE_PRIV_H
#define IMAGE_IMAGE_PRIV_H

#include "image/image.h"

// 3 bytes a pixel.
struct image_pixels {
    uint8_t *rgb;
    int32_t width, height;
};
// Each ends the process when the picture is bad: only in the child.
enum { IMAGE_EXIT_BAD = 1, IMAGE_EXIT_LARGE = 2 };
struct image_pixels image_decode_jpeg(const void *bytes, size_t size);
struct image_pixels image_decode_png(const void *bytes, size_t size);
// *out is allocated by the library.
void image_encode_jpeg(const struct image_pixels *pixels, uint8_t **out, unsigned long *out_size);
// Shrinks to IMAGE_SIDE_MAX by averaging areas.
struct image_pixels image_shrink(const struct image_pixels *pixels);

#endif
