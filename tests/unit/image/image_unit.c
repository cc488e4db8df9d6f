// rooms: image base
// Hostile photos: bombs, truncated, polyglots, wrong magic, metadata. Each is refused or drawn
// again.
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>

// --- making pictures ---

static struct buffer jpeg_of(unsigned width, unsigned height, bool progressive)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
    unsigned char *bytes = NULL,
                  *line =
                      calloc(width, 3); // tidy:allow banned-call the library's own memory in a test
    unsigned long size = 0;
    struct buffer out = {0};
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    if (progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    // What phones write: where the photo was taken.
    static const char exif[] = "Exif\0\0MM\0*GPSLatitude 39.9042 GPSLongitude 116.4074";
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, (const JOCTET *)exif, sizeof exif);
    while (jpeg.next_scanline < height) {
        for (unsigned x = 0; x < width; x++)
            line[3 * x] = (unsigned char)(x + jpeg.next_scanline);
        (void)jpeg_write_scanlines(&jpeg, &line, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    buffer_append(&out, bytes, size);
    free(bytes); // tidy:allow banned-call the library's own memory in a test
    free(line);  // tidy:allow banned-call the library's own memory in a test
    return out;
}

static void png_put(png_structp png, png_bytep bytes, size_t size)
{
    buffer_append(png_get_io_ptr(png), bytes, size);
}

static struct buffer png_of(unsigned width, unsigned height, int colour, int interlace)
{
    struct buffer out = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep line = calloc(width, 4); // tidy:allow banned-call the library's own memory in a test
    png_set_write_fn(png, &out, png_put, NULL);
    png_set_IHDR(png, info, width, height, 8, colour, interlace, 0, 0);
    png_text text = {
        .compression = PNG_TEXT_COMPRESSION_NONE, .key = "Comment", .text = "GPSLatitude"};
    png_set_text(png, info, &text, 1);
    png_write_info(png, info);
    const int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (unsigned y = 0; y < height; y++)
            png_write_row(png, line);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(line); // tidy:allow banned-call the library's own memory in a test
    return out;
}

// --- judging ---

static int files;

static enum code clean(const void *bytes, size_t size, int32_t *out_width)
{
    struct image image;
    files++;
    const enum code code = image_clean(&image, bytes, size);
    if (code == OK) {
        assert_true(image.width <= IMAGE_SIDE_MAX && image.height <= IMAGE_SIDE_MAX);
        assert_int_equal(image_kind_of(image.jpeg.data, image.jpeg.size), IMAGE_JPEG);
        assert_null(memmem(image.jpeg.data, image.jpeg.size, "GPS", 3));
        assert_null(memmem(image.jpeg.data, image.jpeg.size, "Exif", 4));
        assert_null(memmem(image.jpeg.data, image.jpeg.size, "<script", 7));
        if (out_width != NULL)
            *out_width = image.width;
    }
    image_free(&image);
    return code;
}

// REQ-028 AB-27
static void good_ones_are_drawn_again(void **state)
{
    (void)state;
    int32_t width = 0;
    struct buffer all[] = {jpeg_of(640, 480, false),
                           jpeg_of(3000, 2000, true),
                           jpeg_of(5000, 1, false),
                           png_of(300, 200, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE),
                           png_of(300, 200, PNG_COLOR_TYPE_RGBA, PNG_INTERLACE_ADAM7),
                           png_of(300, 200, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE),
                           png_of(2000, 2000, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE)};
    static const int32_t widths[] = {640, 1500, 1600, 300, 300, 300, 1600};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(clean(all[i].data, all[i].size, &width), OK);
        if (i == 1)
            assert_in_range(width, 1500, 1600);
        else
            assert_int_equal(width, widths[i]);
        buffer_free(&all[i]);
    }
}

// AB-27
static void bombs_are_refused(void **state)
{
    (void)state;
    struct buffer png = png_of(30000, 30000 / 30000, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    struct buffer big = png_of(6000, 5000, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE);
    struct buffer jpeg = jpeg_of(64, 64, false);
    assert_true(big.size < 100000); // 30 megapixels in a few bytes
    assert_int_equal(clean(big.data, big.size, NULL), CODE_PHOTO_TOO_LARGE);
    assert_int_equal(clean(png.data, png.size, NULL), OK);
    // The header of a small JPEG says 60000 x 60000.
    for (size_t i = 0; i + 9 < jpeg.size; i++)
        if ((unsigned char)jpeg.data[i] == 0xFF && (unsigned char)jpeg.data[i + 1] == 0xC0)
            memcpy(jpeg.data + i + 5, "\xEA\x60\xEA\x60", 4);
    assert_int_equal(clean(jpeg.data, jpeg.size, NULL), CODE_PHOTO_TOO_LARGE);
    char *zeros = mem_alloc(IMAGE_BYTES_MAX + 1);
    assert_int_equal(clean(zeros, IMAGE_BYTES_MAX + 1, NULL), CODE_PHOTO_TOO_LARGE);
    assert_int_equal(clean(zeros, 1000, NULL), CODE_PHOTO_INVALID);
    mem_free(zeros);
    buffer_free(&png);
    buffer_free(&big);
    buffer_free(&jpeg);
}

static void other_files_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } others[] = {{"", 0},
                  {"\xFF", 1},
                  {"\xFF\xD8\xFF", 3},
                  {"\xFF\xD8\xFF\xD9", 4},
                  {"\x89PNG\r\n\x1A\n", 8},
                  {"\x89PNG\r\n\x1A\n\0\0\0\0IEND\xAE\x42\x60\x82", 20},
                  {"GIF89a\1\0\1\0", 10},
                  {"BM\0\0\0\0", 6},
                  {"<svg onload=alert(1)>", 21},
                  {"%PDF-1.7\n", 9},
                  {"PK\3\4", 4},
                  {"RIFF\0\0\0\0WEBPVP8 ", 16},
                  {"\0\0\0\x18"
                   "ftypheic",
                   12},
                  {"\x1F\x8B\x08\0", 4},
                  {"MZ\x90\0", 4}};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(clean(others[i].bytes, others[i].size, NULL), CODE_PHOTO_INVALID);
}

static void damaged_ones_are_refused(void **state)
{
    (void)state;
    struct buffer jpeg = jpeg_of(640, 480, false);
    struct buffer png = png_of(300, 200, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE);
    assert_int_equal(clean(jpeg.data, jpeg.size / 2, NULL), CODE_PHOTO_INVALID);
    assert_int_equal(clean(jpeg.data, jpeg.size - 2, NULL), CODE_PHOTO_INVALID);
    assert_int_equal(clean(jpeg.data, 100, NULL), CODE_PHOTO_INVALID);
    assert_int_equal(clean(png.data, png.size / 2, NULL), CODE_PHOTO_INVALID);
    png.data[png.size / 2] ^= 1; // the checksum of the chunk is wrong now
    assert_int_equal(clean(png.data, png.size, NULL), CODE_PHOTO_INVALID);
    memset(jpeg.data + jpeg.size / 2, 0xFF, 200);
    assert_int_equal(clean(jpeg.data, jpeg.size, NULL), CODE_PHOTO_INVALID);
    buffer_free(&jpeg);
    buffer_free(&png);
}

// Two formats in one file: the second one does not survive.
static void polyglots_lose_their_other_half(void **state)
{
    static const char *const tails[] = {"<script>alert(1)</script>", "PK\3\4GPSLatitude",
                                        "\xFF\xD8\xFF\xE1 Exif GPS", "%PDF-1.7 GPS"};
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct buffer file = i % 2 == 0 ? jpeg_of(64, 64, false)
                                        : png_of(64, 64, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE);
        buffer_text(&file, tails[i]);
        assert_int_equal(clean(file.data, file.size, NULL), OK);
        buffer_free(&file);
    }
    printf("%d files\n", files);
    assert_in_range(files, 30, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_drawn_again),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(damaged_ones_are_refused),
        cmocka_unit_test(polyglots_lose_their_other_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
