"""Parts of ``docs/build_study.py``: what is measured on each data set, the plots, the page."""
