/* page.h - the files of web/page as bytes; web/page/embed makes page-data.c of them. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include <stddef.h>

extern const unsigned char page_html[], page_css[], page_js[];
extern const size_t page_html_size, page_css_size, page_js_size;

#endif
