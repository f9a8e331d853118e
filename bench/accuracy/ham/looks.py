"""looks.py - the layouts that build.py gives to HTML: what surrounds a page and each kind of paragraph.

"page" has LANGUAGE, CHARSET, SUBJECT and BODY; the others take their text at {0}, and buttons and images
their address at {1}.
"""

# As webmail sends it.
PLAIN = {
    "page": '<html><body>\n<div dir="ltr">\nBODY\n</div>\n</body></html>\n',
    "h1": "<div><b>{0}</b></div><div><br></div>",
    "h2": "<div><u>{0}</u></div>",
    "text": "<div>{0}</div><div><br></div>",
    "foot": '<div style="color:#888888"><font size="1">{0}</font></div>',
    "quote": '<blockquote class="quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid">'
             "{0}</blockquote>",
    "list": "<ul>\n{0}</ul>",
    "table": '<table border="1" cellpadding="4">\n{0}</table><br>',
    "cell": "<td>{0}</td>",
    "button": '<div><a href="{1}">{0}</a></div><div><br></div>',
    "image": '<img src="{1}" alt="{0}">',
    "rule": "<hr>",
}

# One column of 600 points on grey, as shops and services have it.
CARD = {
    "page": """<!DOCTYPE html>
<html lang="LANGUAGE">
<head>
<meta charset="CHARSET">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SUBJECT</title>
<style>
body { margin: 0; background: #f2f2f4; }
a { color: #1a5fb4; }
@media (max-width: 620px) { .card { width: 100% !important; } }
</style>
</head>
<body style="margin:0;background:#f2f2f4">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<tr><td align="center" style="padding:24px">
<table role="presentation" class="card" width="600" cellpadding="0" cellspacing="0" bgcolor="#ffffff">
<tr><td style="padding:32px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:22px;color:#222">
BODY
</td></tr></table>
</td></tr></table>
</body>
</html>
""",
    "h1": '<h1 style="font-size:24px;line-height:30px;margin:0 0 16px">{0}</h1>',
    "h2": '<h2 style="font-size:17px;margin:24px 0 8px">{0}</h2>',
    "text": '<p style="margin:0 0 16px">{0}</p>',
    "foot": '<p style="margin:16px 0 0;font-size:12px;line-height:17px;color:#777777">{0}</p>',
    "quote": '<div style="background:#f7f7f7;padding:12px;margin:0 0 16px">{0}</div>',
    "list": '<ul style="margin:0 0 16px;padding-left:20px">\n{0}</ul>',
    "table": '<table width="100%" cellpadding="6" style="border-collapse:collapse;margin:0 0 16px">\n{0}</table>',
    "cell": '<td style="border-bottom:1px solid #e4e4e4">{0}</td>',
    "button": '<p style="text-align:center;margin:24px 0"><a href="{1}" style="background:#1a5fb4;color:#ffffff;'
              'padding:12px 28px;border-radius:4px;text-decoration:none;display:inline-block">{0}</a></p>',
    "image": '<img src="{1}" alt="{0}" width="536" style="display:block;width:100%;margin:0 0 16px">',
    "rule": '<hr style="border:0;border-top:1px solid #e4e4e4;margin:24px 0">',
}

# Tables and font tags, as older systems of shops, banks and airlines write them.
TABLE = {
    "page": """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=CHARSET">
<title>SUBJECT</title>
</head>
<body bgcolor="#FFFFFF" leftmargin="0" topmargin="0">
<center>
<table width="640" border="0" cellspacing="0" cellpadding="12">
<tr><td bgcolor="#003B5C" height="8"></td></tr>
<tr><td align="left">
BODY
</td></tr>
<tr><td bgcolor="#003B5C" height="4"></td></tr>
</table>
</center>
<img src="https://track.example.net/o.gif" width="1" height="1" alt="">
</body>
</html>
""",
    "h1": '<p><font face="Verdana" size="4" color="#003B5C"><b>{0}</b></font></p>',
    "h2": '<p><font face="Verdana" size="3"><b>{0}</b></font></p>',
    "text": '<p><font face="Verdana" size="2">{0}</font></p>',
    "foot": '<p align="center"><font face="Verdana" size="1" color="#666666">{0}</font></p>',
    "quote": '<p><font face="Verdana" size="2"><i>{0}</i></font></p>',
    "list": '<ul style="font-family:Verdana;font-size:13px">\n{0}</ul>',
    "table": '<table width="100%" border="0" cellspacing="1" cellpadding="5" bgcolor="#CCCCCC">\n{0}</table>',
    "cell": '<td bgcolor="#FFFFFF"><font face="Verdana" size="2">{0}</font></td>',
    "button": '<table border="0" cellpadding="10"><tr><td bgcolor="#C8102E"><a href="{1}"><font face="Verdana" '
              'color="#FFFFFF"><b>{0}</b></font></a></td></tr></table>',
    "image": '<img src="{1}" alt="{0}" width="616" border="0">',
    "rule": '<hr size="1" noshade>',
}

# As an office's mail program writes it.
OFFICE = {
    "page": """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=CHARSET">
<style><!--
p.MsoNormal, li.MsoNormal { margin: 0cm; font-size: 11.0pt; font-family: "Calibri", sans-serif; }
div.WordSection1 { page: WordSection1; }
--></style>
</head>
<body lang="LANGUAGE" link="#0563C1" vlink="#954F72">
<div class="WordSection1">
BODY
</div>
</body>
</html>
""",
    "h1": '<p class="MsoNormal"><b><span style="font-size:14.0pt">{0}<o:p></o:p></span></b></p>',
    "h2": '<p class="MsoNormal"><b>{0}<o:p></o:p></b></p>',
    "text": '<p class="MsoNormal">{0}<o:p></o:p></p>\n<p class="MsoNormal"><o:p>&nbsp;</o:p></p>',
    "foot": '<p class="MsoNormal"><span style="font-size:8.0pt;color:gray">{0}<o:p></o:p></span></p>',
    "quote": '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">\n'
             '<p class="MsoNormal">{0}<o:p></o:p></p>\n</div>',
    "list": '<ul style="margin-top:0cm" type="disc">\n{0}</ul>',
    "table": '<table class="MsoNormalTable" border="1" cellspacing="0" cellpadding="3">\n{0}</table>',
    "cell": '<td><p class="MsoNormal">{0}<o:p></o:p></p></td>',
    "button": '<p class="MsoNormal"><a href="{1}">{0}</a><o:p></o:p></p>',
    "image": '<p class="MsoNormal"><img border="0" src="{1}" alt="{0}"></p>',
    "rule": '<div class="MsoNormal" align="center"><hr size="2" width="100%"></div>',
}

# A style sheet and few words, as development tools and monitoring send it.
TOOL = {
    "page": """<!doctype html>
<html lang="LANGUAGE"><head><meta charset="CHARSET"><title>SUBJECT</title>
<style>
.m { max-width: 720px; margin: 0 auto; font: 14px/1.5 system-ui, sans-serif; color: #24292f; }
.m code, .m pre { font-family: ui-monospace, monospace; background: #f6f8fa; }
.b { background: #2da44e; color: #fff; padding: 6px 14px; border-radius: 6px; text-decoration: none; }
.f { color: #57606a; font-size: 12px; }
td { padding: 4px 12px 4px 0; vertical-align: top; }
</style></head>
<body><div class="m">
BODY
</div></body></html>
""",
    "h1": "<h2>{0}</h2>",
    "h2": "<h3>{0}</h3>",
    "text": "<p>{0}</p>",
    "foot": '<p class="f">{0}</p>',
    "quote": "<pre>{0}</pre>",
    "list": "<ul>\n{0}</ul>",
    "table": "<table>\n{0}</table>",
    "cell": "<td>{0}</td>",
    "button": '<p><a class="b" href="{1}">{0}</a></p>',
    "image": '<p><img src="{1}" alt="{0}" style="max-width:100%"></p>',
    "rule": "<hr>",
}

# Serifs and room, as newsletters of writers, museums and charities have it.
LETTER = {
    "page": """<!DOCTYPE html>
<html lang="LANGUAGE"><head><meta http-equiv="Content-Type" content="text/html; charset=CHARSET">
<title>SUBJECT</title></head>
<body style="background-color:#fbf8f1;margin:0;padding:0">
<div style="max-width:560px;margin:0 auto;padding:40px 20px;font-family:Georgia,'Times New Roman',serif;
font-size:18px;line-height:1.6;color:#333">
BODY
</div>
</body></html>
""",
    "h1": '<h1 style="font-weight:normal;font-size:32px;line-height:1.2">{0}</h1>',
    "h2": '<h2 style="font-style:italic;font-weight:normal;font-size:22px">{0}</h2>',
    "text": "<p>{0}</p>",
    "foot": '<p style="font-family:sans-serif;font-size:12px;color:#998;text-align:center">{0}</p>',
    "quote": '<blockquote style="margin:0 0 0 1em;font-style:italic">{0}</blockquote>',
    "list": '<ul style="padding-left:1em">\n{0}</ul>',
    "table": '<table style="width:100%;font-size:16px">\n{0}</table>',
    "cell": '<td style="padding:4px 8px 4px 0;vertical-align:top">{0}</td>',
    "button": '<p style="text-align:center"><a href="{1}" style="border:2px solid #333;padding:10px 24px;color:#333;'
              'text-decoration:none">{0}</a></p>',
    "image": '<p><img src="{1}" alt="{0}" width="560" style="max-width:100%"></p>',
    "rule": '<p style="text-align:center">* * *</p>',
}

LOOKS = {"plain": PLAIN, "card": CARD, "table": TABLE, "office": OFFICE, "tool": TOOL, "letter": LETTER}
