"""Which number may each seller be asked for, how sure is it, and who carries what when it cannot be met?"""
