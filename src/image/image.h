// image: photos from outside. Nothing of what was sent is kept: the picture is decoded and drawn
// again as a JPEG of at most 1600 pixels, so that no metadata, trailing bytes or second format
// survive. The decoders run in a child process without descriptors and with little memory and time:
// what breaks there, breaks there.
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/base.h"

#define IMAGE_BYTES_MAX ((size_t)4 << 20)
#define IMAGE_PIXELS_MAX INT64_C(20000000)
#define IMAGE_SIDE_MAX 1600

enum image_kind { IMAGE_OTHER = 0, IMAGE_JPEG, IMAGE_PNG };
// By the first bytes, never by a name or a header.
enum image_kind image_kind_of(const void *bytes, size_t size);

struct image {
    struct buffer jpeg;
    int32_t width, height;
};
// Blocks for the time of decoding, at most about ten seconds: worker threads only. Out on OK: freed
// by image_free. CODE_PHOTO_TOO_LARGE: too many bytes or pixels; CODE_PHOTO_INVALID: no JPEG and no
// PNG, damaged, or more than the decoder may use.
enum code image_clean(struct image *out, const void *bytes, size_t size);
// Wipes.
void image_free(struct image *image);

#endif
