// Decoding and drawing again; runs in the child only. Every fault ends the child.
#include "image/image_priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

static void check_size(int64_t width, int64_t height)
{
    if (width < 1 || height < 1)
        _exit(IMAGE_EXIT_BAD);
    if (width > 32767 || height > 32767 || width * height > IMAGE_PIXELS_MAX)
        _exit(IMAGE_EXIT_LARGE);
}

// --- JPEG ---

static void jpeg_bad(j_common_ptr common)
{
    (void)common;
    _exit(IMAGE_EXIT_BAD);
}

// A warning is a damaged picture: what the decoder makes up is no evidence.
static void jpeg_message(j_common_ptr common, int level)
{
    (void)common;
    if (level < 0)
        _exit(IMAGE_EXIT_BAD);
}

static void jpeg_errors(struct jpeg_error_mgr *errors)
{
    (void)jpeg_std_error(errors);
    errors->error_exit = jpeg_bad;
    errors->emit_message = jpeg_message;
}

// The decoder shrinks by powers of two on its own, as long as enough is left.
static unsigned denominator(int64_t longer)
{
    unsigned by = 1;
    while (by < 8 && longer / (2 * by) >= IMAGE_SIDE_MAX)
        by *= 2;
    return by;
}

struct image_pixels image_decode_jpeg(const void *bytes, size_t size)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg = {.err = &errors};
    jpeg_errors(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, (unsigned long)size);
    (void)jpeg_read_header(&jpeg, TRUE);
    check_size(jpeg.image_width, jpeg.image_height);
    jpeg.out_color_space = JCS_RGB;
    jpeg.scale_num = 1;
    jpeg.scale_denom =
        denominator(jpeg.image_width > jpeg.image_height ? jpeg.image_width : jpeg.image_height);
    (void)jpeg_start_decompress(&jpeg);
    struct image_pixels out = {.width = (int32_t)jpeg.output_width,
                               .height = (int32_t)jpeg.output_height};
    const size_t line = (size_t)out.width * 3;
    out.rgb = mem_alloc(line * (size_t)out.height);
    while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = out.rgb + line * jpeg.output_scanline;
        (void)jpeg_read_scanlines(&jpeg, &row, 1);
    }
    (void)jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return out;
}

void image_encode_jpeg(const struct image_pixels *pixels, uint8_t **out, unsigned long *out_size)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg = {.err = &errors};
    jpeg_errors(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, out, out_size);
    jpeg.image_width = (JDIMENSION)pixels->width;
    jpeg.image_height = (JDIMENSION)pixels->height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 85, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = pixels->rgb + (size_t)pixels->width * 3 * jpeg.next_scanline;
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

// --- PNG ---

struct source {
    const uint8_t *bytes;
    size_t left;
};

static void png_take(png_structp png, png_bytep out, size_t size)
{
    struct source *source = png_get_io_ptr(png);
    if (size > source->left)
        _exit(IMAGE_EXIT_BAD);
    memcpy(out, source->bytes, size);
    source->bytes += size;
    source->left -= size;
}

static void png_bad(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
    _exit(IMAGE_EXIT_BAD);
}

static void png_ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

// Whatever it is, eight bits of red, green and blue come out; what is transparent becomes white.
static void png_plain(png_structp png, png_infop info)
{
    const png_color_16 white = {.red = 255, .green = 255, .blue = 255, .gray = 255};
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    if ((png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0 ||
        png_get_valid(png, info, PNG_INFO_tRNS) != 0)
        png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

struct image_pixels image_decode_png(const void *bytes, size_t size)
{
    struct source source = {bytes, size};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, png_bad, png_ignore);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info == NULL)
        _exit(IMAGE_EXIT_BAD);
    png_set_user_limits(png, 32767, 32767);
    png_set_chunk_cache_max(png, 16);
    png_set_chunk_malloc_max(png, 1 << 20);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
    png_set_read_fn(png, &source, png_take);
    png_read_info(png, info);
    check_size(png_get_image_width(png, info), png_get_image_height(png, info));
    png_plain(png, info);
    struct image_pixels out = {.width = (int32_t)png_get_image_width(png, info),
                               .height = (int32_t)png_get_image_height(png, info)};
    const size_t line = (size_t)out.width * 3;
    if (png_get_rowbytes(png, info) != line)
        _exit(IMAGE_EXIT_BAD);
    out.rgb = mem_alloc(line * (size_t)out.height);
    png_bytep *rows = mem_alloc((size_t)out.height * sizeof *rows);
    for (int32_t y = 0; y < out.height; y++)
        rows[y] = out.rgb + line * (size_t)y;
    png_read_image(png, rows);
    png_read_end(png, NULL);
    mem_free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    return out;
}

// --- shrinking ---

static void average(const struct image_pixels *in, const struct image_pixels *out, int32_t x,
                    int32_t y)
{
    const int64_t x0 = (int64_t)x * in->width / out->width;
    const int64_t x1 = (int64_t)(x + 1) * in->width / out->width;
    const int64_t y0 = (int64_t)y * in->height / out->height;
    const int64_t y1 = (int64_t)(y + 1) * in->height / out->height;
    uint32_t sum[3] = {0}, count = 0;
    for (int64_t v = y0; v < y1; v++)
        for (int64_t u = x0; u < x1; u++, count++)
            for (int c = 0; c < 3; c++)
                sum[c] += in->rgb[(v * in->width + u) * 3 + c];
    for (int c = 0; c < 3; c++)
        out->rgb[((int64_t)y * out->width + x) * 3 + c] = (uint8_t)(sum[c] / count);
}

struct image_pixels image_shrink(const struct image_pixels *pixels)
{
    const int64_t longer = pixels->width > pixels->height ? pixels->width : pixels->height;
    if (longer <= IMAGE_SIDE_MAX)
        return *pixels;
    const int64_t width = pixels->width * INT64_C(1) * IMAGE_SIDE_MAX / longer;
    const int64_t height = pixels->height * INT64_C(1) * IMAGE_SIDE_MAX / longer;
    struct image_pixels out = {.width = width > 0 ? (int32_t)width : 1,
                               .height = height > 0 ? (int32_t)height : 1};
    out.rgb = mem_alloc((size_t)out.width * (size_t)out.height * 3);
    for (int32_t y = 0; y < out.height; y++)
        for (int32_t x = 0; x < out.width; x++)
            average(pixels, &out, x, y);
    return out;
}
