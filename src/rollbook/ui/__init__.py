"""Floor: ui. How pages look and how requests are guarded; knows no pupils and no room.

Owns    the base layout, macros, style sheet, scripts, charts; security headers, limits, errors, request log
Verbs   render, document, problem, csv_response, score_chart, bar_chart, dot_chart, sparkline
Terms   frame = what stands around a page: whose it is and in which tenant; problem = an error as the user
        reads it, a page or application/problem+json (RFC 9457); form token = proof that our page sent a form
"""
