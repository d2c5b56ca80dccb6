"""Documents that run a script where a browser lets them, under the types that an uploader may declare for them."""

from typing import NamedTuple

# Read by HTML as a comment of the script, and by XML as a section without markup.
CDATA = "//<![CDATA[\n%s\n//]]>"
HTML = "<!DOCTYPE html><title>quiet</title><body>quiet<script>%s</script></body>"
XHTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>quiet</title></head>'
    "<body><script>%s</script></body></html>"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><title>quiet</title><script>%s</script></svg>'
XML = '<?xml version="1.0"?><root xmlns:h="http://www.w3.org/1999/xhtml"><h:script>%s</h:script></root>'
MULTIPART = "--x\r\nContent-Type: text/html\r\n\r\n" + HTML + "\r\n--x--\r\n"
XSLT = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    "<html><head><title>quiet</title></head><body><script>%s</script></body></html></xsl:template></xsl:stylesheet>"
)
# A picture to whoever looks at the first bytes only, and a page to whoever looks further.
GIF = "GIF89a/*" + HTML


class Document(NamedTuple):
    """A name, the declared type, and what stands around the script.

    `runs` tells whether Chromium runs it from a server that does nothing, `active` whether its type is one of those
    that a browser would run, and which are therefore attachments.
    """

    filename: str
    content_type: str
    template: str
    runs: bool = False
    active: bool = False

    def body(self, script):
        escaped = CDATA % script if self.template in (XHTML, SVG, XML, XSLT) else script
        return (self.template % escaped).encode()


DOCUMENTS = {
    "HTML": Document("page.html", "text/html", HTML, runs=True, active=True),
    "HTML of a charset": Document("page.htm", "text/html; charset=utf-8", HTML, runs=True, active=True),
    "XHTML": Document("page.xhtml", "application/xhtml+xml", XHTML, runs=True, active=True),
    "SVG": Document("drawing.svg", "image/svg+xml", SVG, runs=True, active=True),
    "SVG in capitals": Document("drawing.svg", "Image/SVG+XML", SVG, runs=True, active=True),
    "XML": Document("data.xml", "text/xml", XML, runs=True, active=True),
    "XML of an application": Document("data.xml", "application/xml", XML, runs=True, active=True),
    "a feed": Document("feed.rss", "application/rss+xml", XML, active=True),
    "a model of XML": Document("scene.x3d", "model/x3d+xml", XML, active=True),
    "an unknown type of XML": Document("data.xyz", "application/x-own+xml", XML, active=True),
    "a type that browsers take for none": Document("data.xyz", "application/unknown", HTML, runs=True),
    "HTML as text": Document("notes.txt", "text/plain", HTML),
    "HTML as a PNG": Document("photo.png", "image/png", HTML),
    "HTML as a GIF": Document("photo.gif", "image/gif", GIF),
    "HTML as a picture of no known kind": Document("photo.xyz", "image/x-own", HTML),
    "SVG as a PNG": Document("photo.png", "image/png", SVG),
    "HTML as a video": Document("clip.mp4", "video/mp4", HTML),
    "HTML as a video of no known kind": Document("clip.xyz", "video/x-own", HTML),
    "HTML as a sound": Document("song.mp3", "audio/mpeg", HTML),
    "HTML as a PDF": Document("paper.pdf", "application/pdf", HTML),
    "HTML as JSON": Document("data.json", "application/json", HTML),
    "HTML as subtitles": Document("titles.vtt", "text/vtt", HTML),
    "HTML as a style": Document("style.css", "text/css", HTML),
    "HTML as Markdown": Document("notes.md", "text/markdown", HTML),
    "HTML as bytes": Document("data.bin", "application/octet-stream", HTML),
    "HTML as a script": Document("script.js", "text/javascript", HTML, active=True),
    "HTML as a font": Document("font.woff2", "font/woff2", HTML),
    "HTML in parts": Document("data.xyz", "multipart/x-mixed-replace; boundary=x", MULTIPART),
    "HTML in related parts": Document("page.mhtml", "multipart/related; boundary=x", MULTIPART),
    "HTML as a mail": Document("mail.eml", "message/rfc822", HTML),
}
