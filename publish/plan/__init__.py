"""The random-inspection plan (双随机、一公开): the draw, who goes, its proof, and the files."""
