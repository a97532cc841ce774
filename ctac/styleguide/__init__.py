"""What the product is drawn with, on a few pages, for those who build it: /styleguide/ (development, and staff).

Every part is drawn by the templates that the real pages use, so a look here is a look at the product. The words of the
samples are content like a leaflet's, so they don't go through gettext.
"""
