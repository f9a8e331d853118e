# Files of milter/.
