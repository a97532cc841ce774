"""What the product is drawn with, on a few pages for the people who build it: /styleguide/ (development, and staff).

Each part is drawn by the templates of the real pages, so the styleguide shows the product itself. The words of the samples are
content, like those of a leaflet, so they don't go through gettext.
"""
