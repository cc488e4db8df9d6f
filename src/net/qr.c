// QR codes as SVG: one path, black on white, quiet zone of 4 modules (ISO/IEC 18004).
#include <qrencode.h>
#include <string.h>

#include "net/net_priv.h"

enum { QUIET = 4 };

static void put_row(struct buffer *out, const QRcode *code, int y)
{
    for (int x = 0; x < code->width; x++) {
        int run = 0;
        while (x + run < code->width && (code->data[y * code->width + x + run] & 1) != 0)
            run++;
        if (run == 0)
            continue;
        buffer_format(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        x += run;
    }
}

bool net_qr_svg(struct buffer *out, const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return false;
    const int side = code->width + 2 * QUIET;
    buffer_format(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/>"
                  "<path fill=\"#000\" d=\"",
                  side, side, side, side, side);
    for (int y = 0; y < code->width; y++)
        put_row(out, code, y);
    buffer_text(out, "\"/></svg>");
    QRcode_free(code);
    return true;
}
